//! The health check: whether the server lets us in and answers, and if not, what to do about it.

use crate::server::Server;
use crate::settings::Settings;
use wellhead_sdk::{Error, Health};

/// Logs in and asks for an answer.
pub(crate) async fn check(server: &Server, settings: &Settings) -> Result<Health, Error> {
    let checked = async { server.acquire().await?.check().await };
    match checked.await {
        Ok(()) => Ok(Health::ok("Database Connection OK")),
        Err(error) => Ok(Health::error(advice(settings, &error))),
    }
}

/// The error, with what to do about the ones that people meet. SQLSTATEs: PostgreSQL's appendix A.
fn advice(settings: &Settings, error: &Error) -> String {
    let code = error.details().and_then(|details| details.get("code")?.as_str());
    let said = error.message().trim_start_matches("db query error: ");
    match code {
        Some("28P01") => format!(
            "{} refuses the password of user {:?}: check user and password. It says: {said}",
            settings.address, settings.user
        ),
        Some("28000") => format!(
            "{} does not let user {:?} in: check the user, and the server's pg_hba.conf. It says: {said}",
            settings.address, settings.user
        ),
        Some("3D000") => {
            format!("{} has no database {:?}: check the database's name", settings.address, settings.database)
        }
        Some("53300") => format!(
            "{} has no connection left: raise its max_connections, or lower maxOpenConns. It says: {said}",
            settings.address
        ),
        Some("57P03") => format!("{} is starting up or shutting down: try again. It says: {said}", settings.address),
        _ if said.contains("server does not support TLS") => format!(
            "{} speaks no TLS: set sslmode to disable if the way to it is safe, or turn ssl on in the server",
            settings.address
        ),
        _ => said.to_owned(),
    }
}
