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
    /// `disable`, `require`, `verify-ca` or `verify-full`; none is `verify-full`.
    pub sslmode: Option<SslMode>,
    /// `file-path` or `file-content`.
    pub tls_configuration_method: String,
    /// A path on Grafana's machine.
    pub ssl_root_cert_file: String,
    /// A path on Grafana's machine.
    pub ssl_cert_file: String,
    /// A path on Grafana's machine.
    pub ssl_key_file: String,
    /// Whether TimescaleDB is there.
    pub timescaledb: bool,
    /// Rows of one query at most.
    pub row_limit: Option<usize>,
}

/// How the connection is protected, in `libpq`'s words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SslMode {
    /// No TLS.
    Disable,
    /// TLS to whoever answers.
    Require,
    /// The authority is verified.
    VerifyCa,
    /// Authority and name are verified.
    #[default]
    VerifyFull,
}

impl SslMode {
    /// What of the certificate is verified; `None` without TLS.
    pub const fn verify(self) -> Option<Verify> {
        match self {
            Self::Disable => None,
            Self::Require => Some(Verify::None),
            Self::VerifyCa => Some(Verify::CaOnly),
            Self::VerifyFull => Some(Verify::Full),
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
    /// Which database.
    pub database: String,
    /// How the connection is protected.
    pub sslmode: SslMode,
    /// Whether TimescaleDB is there.
    pub timescaledb: bool,
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
        if settings.url.trim().is_empty() {
            return Err(Error::bad_request("url is empty: set it to the server's host:port"));
        }
        if settings.url.trim().starts_with('/') {
            return Err(Error::bad_request(
                "url is a path: Unix sockets cannot be reached from a plugin; set it to the server's host:port",
            ));
        }
        if settings.user.is_empty() {
            return Err(Error::bad_request("user is empty: set it to the role that logs in"));
        }
        let files = [
            ("sslRootCertFile", &json.ssl_root_cert_file),
            ("sslCertFile", &json.ssl_cert_file),
            ("sslKeyFile", &json.ssl_key_file),
        ];
        let named = files.iter().find(|(_, path)| !path.is_empty());
        if let Some((key, _)) = named.filter(|_| json.tls_configuration_method != "file-content") {
            return Err(Error::bad_request(format_args!(
                "jsonData.{key} names a file, and a plugin reads none: set tlsConfigurationMethod to file-content, and \
                 secureJsonData's tlsCACert, tlsClientCert and tlsClientKey to what is in the files"
            )));
        }
        let database = if json.sql.database.is_empty() { &settings.database } else { &json.sql.database };
        Ok(Self {
            address: settings.url.trim().to_owned(),
            user: settings.user.clone(),
            // As in libpq: the role's own.
            database: if database.is_empty() { settings.user.clone() } else { database.clone() },
            sslmode: json.sslmode.unwrap_or_default(),
            timescaledb: json.timescaledb,
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
        let full = json!({"database": "d", "sslmode": "verify-ca", "timescaledb": true, "maxOpenConns": 7,
                          "connMaxLifetime": 0, "postgresVersion": 1500});
        let full = settings("db:5432", full).unwrap();
        assert_eq!((full.database.as_str(), full.sslmode, full.timescaledb), ("d", SslMode::VerifyCa, true));
        let none = settings("db:5432", json!({})).unwrap();
        assert_eq!((none.database.as_str(), none.sslmode, none.row_limit), ("u", SslMode::VerifyFull, 1_000_000));
    }

    #[test]
    fn what_no_plugin_can_do_is_said_with_its_cure() {
        for (url, json_data, expected) in [
            ("", json!({}), "host:port"),
            ("/var/run/postgresql", json!({}), "Unix sockets"),
            ("db", json!({"sslRootCertFile": "/ca.pem"}), "tlsCACert"),
            ("db", json!({"sslKeyFile": "/k", "tlsConfigurationMethod": "file-path"}), "sslKeyFile"),
        ] {
            let error = settings(url, json_data).unwrap_err();
            assert!(error.message().contains(expected) && error.status() == 400, "{error:?}");
        }
        assert!(settings("db", json!({"sslKeyFile": "/k", "tlsConfigurationMethod": "file-content"})).is_ok());
        assert!(serde_json::from_value::<JsonData>(json!({"sslmode": "prefer"})).is_err());
    }
}
