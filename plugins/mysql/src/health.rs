//! The health check: whether the server lets us in and answers, and if not, what to do about it.

use crate::server::Server;
use crate::settings::{Settings, Tls};
use wellhead_sdk::{Error, Health};

/// Logs in and asks for an answer.
pub(crate) async fn check(server: &Server, settings: &Settings) -> Result<Health, Error> {
    let checked = async { server.acquire().await?.check().await };
    match checked.await {
        Ok(()) => Ok(Health::ok("Database Connection OK")),
        Err(error) => Ok(Health::error(advice(settings, &error))),
    }
}

/// The error, with what to do about the ones that people meet.
fn advice(settings: &Settings, error: &Error) -> String {
    let code = error.details().and_then(|details| details.get("code")?.as_str());
    let code = code.and_then(|code| code.split(',').next()).and_then(|code| code.parse::<u16>().ok());
    let said = error.message().trim_start_matches("db query error: ");
    let (address, user, database) = (&settings.address, &settings.user, &settings.database);
    match code {
        // 1698: MariaDB's, where the account has no password but the operating system's word.
        Some(1045 | 1698) => {
            // To MariaDB, an account that wants TLS and comes without is one that is denied.
            let tls = if settings.tls == Tls::Off { ", and whether the account wants TLS" } else { "" };
            format!("{address} refuses the password of user {user:?}: check user and password{tls}. It says: {said}")
        }
        Some(1044) => format!(
            "{address} does not let user {user:?} into database {database:?}: grant the user SELECT on it. It says: {said}"
        ),
        Some(1049) => format!("{address} has no database {database:?}: check the database's name"),
        Some(1040 | 1203 | 1226) => format!(
            "{address} has no connection left: raise its max_connections or the user's limit, or lower maxOpenConns. It says: {said}"
        ),
        Some(1129 | 1130) => format!(
            "{address} does not let this machine in: give user {user:?} an account for this host, or run FLUSH HOSTS if it \
             is blocked. It says: {said}"
        ),
        Some(1298) => format!(
            "{address} does not know the time zone {:?}: set jsonData.timezone to an offset such as +02:00, or load the \
             server's time zone tables (mysql_tzinfo_to_sql)",
            settings.timezone
        ),
        Some(1820 | 1862) => {
            format!("the password of user {user:?} has expired at {address}: set a new one. It says: {said}")
        }
        Some(3118 | 4151) => format!("user {user:?} is locked at {address}: unlock the account. It says: {said}"),
        Some(3159) => format!("{address} wants TLS: turn tlsAuthWithCACert on, or tlsSkipVerify. It says: {said}"),
        _ if settings.tls == Tls::Off && said.contains("insecure transport") => {
            format!("{address} wants TLS: turn tlsAuthWithCACert on, or tlsSkipVerify. It says: {said}")
        }
        _ => said.to_owned(),
    }
}
