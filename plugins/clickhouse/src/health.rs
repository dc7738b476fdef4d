//! The health check: whether the server lets us in and answers, and if not, what to do about it.

use crate::exception::{self, code};
use crate::server::Server;
use serde_json::json;
use std::rc::Rc;
use wellhead_sdk::{Error, Health, RequestContext, task};

/// Logs in and asks for the version.
pub(crate) async fn check(server: &Rc<Server>, ctx: &RequestContext) -> Health {
    let asked = server.table(ctx, "SELECT version()", &[]);
    let checked = task::timeout(server.settings.dial_timeout, asked).await.and_then(|table| table);
    match checked {
        Ok(table) => match table.texts(0).next() {
            Some(version) => Health::ok("Data source is working").with_details(json!({ "version": version })),
            None => Health::error(format!(
                "{} answers, but not as ClickHouse does: check that the URL is its HTTP interface, usually port 8123 or 8443",
                server.settings.address
            )),
        },
        Err(error) => Health::error(advice(server, &error)),
    }
}

/// The error, with what to do about the ones that people meet.
fn advice(server: &Server, error: &Error) -> String {
    let settings = &server.settings;
    let said = error.message().trim_start_matches("db query error: ");
    match exception::code_of(error) {
        Some(code::WRONG_PASSWORD | code::REQUIRED_PASSWORD | code::AUTHENTICATION_FAILED) => {
            format!(
                "{} refuses user {:?} with this password: check both. It says: {said}",
                settings.address, settings.user
            )
        }
        Some(code::UNKNOWN_USER) => {
            format!("{} knows no user {:?}: check the user name. It says: {said}", settings.address, settings.user)
        }
        Some(code::UNKNOWN_DATABASE) => format!(
            "{} has no database {:?}: check the default database's name. It says: {said}",
            settings.address, settings.database
        ),
        Some(_) => said.to_owned(),
        None if said.contains("8123") || said.contains("HTTP") && said.contains("Port") => format!(
            "{} is not the HTTP interface: use the port of that, usually 8123 or 8443. It says: {said}",
            settings.address
        ),
        None => match error.status() {
            504 => format!("{} does not answer in time: check host, port and firewalls. ({said})", settings.address),
            502 if said.contains("TLS failed") => {
                format!(
                    "{} is there, and TLS with it fails: check its certificate and tlsCACert. ({said})",
                    settings.address
                )
            }
            502 => format!(
                "{} cannot be reached: check host and port, and that the server runs. ({said})",
                settings.address
            ),
            _ => format!("{}: {said}", settings.address),
        },
    }
}
