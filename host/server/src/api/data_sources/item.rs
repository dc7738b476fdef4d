//! A data source in Grafana's shape.
//!
//! The list's item is not the other one flattened: its keys stand in Grafana's order, in which those that both have come in
//! four runs. Four structs flattened into each, and as many schemas behind an `allOf` in the OpenAPI document, would say less
//! plainly what a client gets.

use super::find::seen_url;
use crate::auth::Client;
use crate::http::ApiError;
use crate::state::AppState;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use wellhead::{DataSource, PluginRecord, Wellhead};

/// What Grafana shows for a plugin without a logo.
const NO_LOGO: &str = "public/img/icn-datasource.svg";

/// What a list shows of a data source.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DataSourceListItem {
    id: i64,
    uid: String,
    org_id: i64,
    name: String,
    /// The plugin's id, where an alias was configured too.
    r#type: String,
    type_name: String,
    type_logo_url: String,
    access: &'static str,
    /// The password in it only for who may change the data source.
    url: String,
    user: String,
    database: String,
    basic_auth: bool,
    is_default: bool,
    #[schema(value_type = Object)]
    json_data: Map<String, Value>,
    read_only: bool,
}

/// A data source on its own.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DataSourceItem {
    id: i64,
    uid: String,
    org_id: i64,
    name: String,
    /// The plugin's id, where an alias was configured too.
    r#type: String,
    type_logo_url: String,
    access: &'static str,
    /// The password in it only for who may change the data source.
    url: String,
    user: String,
    database: String,
    basic_auth: bool,
    basic_auth_user: String,
    with_credentials: bool,
    is_default: bool,
    #[schema(value_type = Object)]
    json_data: Map<String, Value>,
    /// The names of the secrets that are set. Their values are never sent.
    secure_json_fields: BTreeMap<String, bool>,
    /// Grows with every change; to be sent back with an update.
    version: u32,
    read_only: bool,
}

impl DataSourceItem {
    pub(super) fn new(app: &AppState, client: &Client, source: &DataSource) -> Result<Self, ApiError> {
        let plugin = PluginFacts::of(&app.wellhead, source);
        let secrets = source.secure_json_data.keys().map(|key| (key.to_owned(), true));
        Ok(Self {
            id: source.id,
            uid: source.uid.clone(),
            org_id: source.org_id,
            name: source.name.clone(),
            r#type: plugin.id,
            type_logo_url: plugin.logo,
            access: source.access.as_str(),
            url: seen_url(client, source)?,
            user: source.user.clone(),
            database: source.database.clone(),
            basic_auth: source.basic_auth,
            basic_auth_user: source.basic_auth_user.clone(),
            with_credentials: source.with_credentials,
            is_default: source.is_default,
            json_data: source.json_data.clone(),
            secure_json_fields: secrets.collect(),
            version: source.version,
            read_only: source.read_only,
        })
    }
}

impl DataSourceListItem {
    pub(super) fn new(app: &AppState, client: &Client, source: &DataSource) -> Result<Self, ApiError> {
        let plugin = PluginFacts::of(&app.wellhead, source);
        Ok(Self {
            id: source.id,
            uid: source.uid.clone(),
            org_id: source.org_id,
            name: source.name.clone(),
            r#type: plugin.id,
            type_name: plugin.name,
            type_logo_url: plugin.logo,
            access: source.access.as_str(),
            url: seen_url(client, source)?,
            user: source.user.clone(),
            database: source.database.clone(),
            basic_auth: source.basic_auth,
            is_default: source.is_default,
            json_data: source.json_data.clone(),
            read_only: source.read_only,
        })
    }
}

/// What a data source's plugin adds to it; a plugin that is not there adds nothing.
struct PluginFacts {
    id: String,
    name: String,
    logo: String,
}

impl PluginFacts {
    fn of(wellhead: &Wellhead, source: &DataSource) -> Self {
        match wellhead.plugins().get(&source.plugin_id) {
            Some(plugin) => {
                Self { id: plugin.manifest.id.clone(), name: plugin.manifest.name.clone(), logo: logo(&plugin) }
            }
            None => Self { id: source.plugin_id.clone(), name: source.plugin_id.clone(), logo: NO_LOGO.to_owned() },
        }
    }
}

/// Where Grafana's pages look for a plugin's small logo.
pub(crate) fn logo(plugin: &PluginRecord) -> String {
    let small = plugin.manifest.info.other.get("logos").and_then(|logos| logos.get("small")).and_then(Value::as_str);
    small.map_or_else(|| NO_LOGO.to_owned(), |small| format!("public/plugins/{}/{small}", plugin.manifest.id))
}
