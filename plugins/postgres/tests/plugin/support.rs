//! A server, and data sources before it.

use postgres::Postgres;
use serde_json::{Value, json};
use wellhead_sdk::{DataSource, Error, InstanceSettings, Secrets, testing};
use wellhead_test_servers::PostgreSql;
use wellhead_test_sql::Subject;

/// This plugin and a real server.
pub(crate) struct Pair;

impl Subject for Pair {
    type Server = PostgreSql;
    type Plugin = Postgres;

    fn server() -> PostgreSql {
        PostgreSql::start().unwrap()
    }

    fn plugin(server: &PostgreSql, json_data: Value) -> Result<Postgres, Error> {
        plugin(server, PostgreSql::USER, "", json_data)
    }
}

pub(crate) type Source = wellhead_test_sql::Source<Pair>;

/// A data source before a server.
pub(crate) fn plugin(server: &PostgreSql, user: &str, password: &str, json_data: Value) -> Result<Postgres, Error> {
    let address = format!("127.0.0.1:{}", server.port());
    testing::endpoint("server", &address);
    let mut json_data = json_data;
    // Outside a host there is no TLS.
    json_data.as_object_mut().unwrap().entry("sslmode").or_insert(json!("disable"));
    json_data.as_object_mut().unwrap().entry("database").or_insert(json!("postgres"));
    let settings = InstanceSettings::<()> {
        url: address,
        user: user.to_owned(),
        secrets: Secrets::from_iter([("password".to_owned(), password.to_owned())]),
        ..InstanceSettings::default()
    };
    Postgres::configure(settings.with_json_data(serde_json::from_value(json_data).unwrap()))
}
