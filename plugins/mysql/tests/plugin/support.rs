//! A server, and data sources before it.

use mysql::MySql;
use serde_json::{Value, json};
use wellhead_sdk::{DataSource, Error, InstanceSettings, Secrets, testing};
use wellhead_test_servers::MariaDb;
use wellhead_test_sql::Subject;

/// This plugin and a real server.
pub(crate) struct Pair;

impl Subject for Pair {
    type Server = MariaDb;
    type Plugin = MySql;

    fn server() -> MariaDb {
        MariaDb::start().unwrap()
    }

    /// For who may do all, without a password.
    fn plugin(server: &MariaDb, json_data: Value) -> Result<MySql, Error> {
        plugin(server, "root", "", json_data)
    }
}

pub(crate) type Source = wellhead_test_sql::Source<Pair>;

/// A data source before a server.
pub(crate) fn plugin(server: &MariaDb, user: &str, password: &str, json_data: Value) -> Result<MySql, Error> {
    at(server.port(), user, password, json_data)
}

/// A data source before whatever listens there.
pub(crate) fn at(port: u16, user: &str, password: &str, json_data: Value) -> Result<MySql, Error> {
    let address = format!("127.0.0.1:{port}");
    testing::endpoint("server", &address);
    let mut json_data = json_data;
    json_data.as_object_mut().unwrap().entry("database").or_insert(json!("test"));
    let settings = InstanceSettings::<()> {
        url: address,
        user: user.to_owned(),
        secrets: Secrets::from_iter([("password".to_owned(), password.to_owned())]),
        ..InstanceSettings::default()
    };
    MySql::configure(settings.with_json_data(serde_json::from_value(json_data).unwrap()))
}
