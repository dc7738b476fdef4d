//! What a data source's settings say, by Grafana's keys.

use serde::Deserialize;
use wellhead_sdk::net::Verify;
use wellhead_sdk::{Error, InstanceSettings};
use wellhead_sql::{DEFAULT_ROW_LIMIT, SqlSettings};

/// `jsonData`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct JsonData {
    /// What all SQL data sources have.
    #[serde(flatten)]
    pub sql: SqlSettings,
    /// The session's time zone; none is `+00:00`.
    pub timezone: String,
    /// Whether `sql_mode` gets `ANSI_QUOTES`.
    pub ansi_quotes: bool,
    /// TLS with a client certificate.
    pub tls_auth: bool,
    /// TLS to a server whose authority is known.
    #[serde(rename = "tlsAuthWithCACert")]
    pub tls_auth_with_ca_cert: bool,
    /// Nothing of the server's certificate is verified.
    pub tls_skip_verify: bool,
    /// Whether the password may be sent as it is.
    pub allow_cleartext_passwords: bool,
    /// Rows of one query at most.
    pub row_limit: Option<usize>,
}

/// How the connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// No TLS.
    Off,
    /// TLS to whoever answers, if the server can do it.
    WhereOffered,
    /// TLS, or no connection.
    Required(Verify),
}

impl Tls {
    /// To Grafana's plugin, TLS is on where there is an authority or a client certificate, and `tlsSkipVerify` says only
    /// what is verified then. Alone it leaves the connection open, also before a server that could do better; here it does
    /// not.
    const fn of(json: &JsonData) -> Self {
        match (json.tls_auth || json.tls_auth_with_ca_cert, json.tls_skip_verify) {
            (true, true) => Self::Required(Verify::None),
            (true, false) => Self::Required(Verify::Full),
            (false, true) => Self::WhereOffered,
            (false, false) => Self::Off,
        }
    }
}

/// The settings, checked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the server is, as the user wrote it; for messages.
    pub address: String,
    /// Who logs in.
    pub user: String,
    /// Which database; empty is none.
    pub database: String,
    /// The session's time zone.
    pub timezone: String,
    /// Whether `sql_mode` gets `ANSI_QUOTES`.
    pub ansi_quotes: bool,
    /// How the connection is protected.
    pub tls: Tls,
    /// Whether the password may be sent as it is.
    pub allow_cleartext_passwords: bool,
    /// Rows of one query at most.
    pub row_limit: usize,
}

impl Settings {
    /// Reads and checks them.
    ///
    /// # Errors
    /// What is missing or cannot be had, by its key, with the cure.
    pub fn new(settings: &InstanceSettings<JsonData>) -> Result<Self, Error> {
        let json = &settings.json_data;
        let address = settings.url.trim();
        if address.is_empty() {
            return Err(Error::bad_request("url is empty: set it to the server's host:port"));
        }
        if address.starts_with('/') {
            return Err(Error::bad_request(
                "url is a path: Unix sockets cannot be reached from a plugin; set it to the server's host:port",
            ));
        }
        if settings.user.is_empty() {
            return Err(Error::bad_request("user is empty: set it to the user that logs in"));
        }
        let database = if json.sql.database.is_empty() { &settings.database } else { &json.sql.database };
        let named = [("user", &settings.user), ("database", database), ("jsonData.timezone", &json.timezone)];
        if let Some((key, _)) = named.iter().find(|(_, text)| text.contains('\0')) {
            return Err(Error::bad_request(format_args!("{key} has a NUL in it: remove it")));
        }
        let timezone = json.timezone.trim();
        Ok(Self {
            address: address.to_owned(),
            user: settings.user.clone(),
            database: database.clone(),
            timezone: if timezone.is_empty() { "+00:00" } else { timezone }.to_owned(),
            ansi_quotes: json.ansi_quotes,
            tls: Tls::of(json),
            allow_cleartext_passwords: json.allow_cleartext_passwords,
            row_limit: json.row_limit.unwrap_or(DEFAULT_ROW_LIMIT),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn settings(url: &str, json_data: serde_json::Value) -> Result<Settings, Error> {
        let settings =
            InstanceSettings::<()> { url: url.to_owned(), user: "u".to_owned(), ..InstanceSettings::default() };
        Settings::new(&settings.with_json_data(serde_json::from_value(json_data).unwrap()))
    }

    #[test]
    fn grafanas_keys_are_read_and_what_is_missing_has_its_default() {
        let full =
            json!({"database": "d", "timezone": "Europe/Berlin", "allowCleartextPasswords": true, "rowLimit": 7});
        let full = settings("db:3306", full).unwrap();
        assert_eq!((full.database.as_str(), full.timezone.as_str()), ("d", "Europe/Berlin"));
        assert!(full.allow_cleartext_passwords && full.row_limit == 7);
        let none = settings("db:3306", json!({})).unwrap();
        assert_eq!((none.database.as_str(), none.timezone.as_str(), none.row_limit), ("", "+00:00", 1_000_000));
    }

    #[test]
    fn tls_is_on_where_grafanas_is_and_where_it_costs_nothing() {
        for (json_data, tls) in [
            (json!({}), Tls::Off),
            (json!({"tlsAuthWithCACert": true}), Tls::Required(Verify::Full)),
            (json!({"tlsAuth": true}), Tls::Required(Verify::Full)),
            (json!({"tlsAuth": true, "tlsSkipVerify": true}), Tls::Required(Verify::None)),
            (json!({"tlsSkipVerify": true}), Tls::WhereOffered),
        ] {
            assert_eq!(settings("db", json_data).unwrap().tls, tls);
        }
    }

    #[test]
    fn what_no_plugin_can_do_is_said_with_its_cure() {
        for (url, json_data, expected) in [
            ("", json!({}), "host:port"),
            ("/run/mysqld/mysqld.sock", json!({}), "Unix sockets"),
            ("db", json!({"database": "a\0b"}), "database has a NUL"),
        ] {
            let error = settings(url, json_data).unwrap_err();
            assert!(error.message().contains(expected) && error.status() == 400, "{error:?}");
        }
    }
}
