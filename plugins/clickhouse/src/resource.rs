//! Lists for query editors: databases, tables, columns, functions, and a query's plan.
//! Names come with the request's query; they are quoted, so that none can say more than a name.

use crate::server::Server;
use serde_json::json;
use std::rc::Rc;
use wellhead_sdk::{Error, RequestContext, ResourceRequest, ResourceResponse};
use wellhead_sql::{Dialect, ExplainRequest};

/// Answers `databases`, `tables?database=`, `columns?database=&table=`, `functions` and a POST of `{"rawSql"}` to
/// `explain`.
pub(crate) async fn answer(
    server: &Rc<Server>,
    ctx: &RequestContext,
    request: ResourceRequest,
) -> Result<ResourceResponse, Error> {
    let quoted = |name: &str| Dialect::ClickHouse.quote_string(name);
    // Without a database, that of the settings; without one there, the user's.
    let database = match request.param("database").filter(|name| !name.is_empty()) {
        Some(name) => quoted(&name),
        None => "currentDatabase()".to_owned(),
    };
    let table = request.param("table");
    match request.path.as_str() {
        "databases" => names(server, ctx, "SELECT name FROM system.databases ORDER BY name").await,
        "tables" => {
            let sql = format!("SELECT name FROM system.tables WHERE database = {database} ORDER BY name");
            names(server, ctx, &sql).await
        }
        "columns" => {
            let Some(table) = table.filter(|name| !name.is_empty()) else {
                return Err(Error::bad_request("columns needs ?table=, the table's name"));
            };
            let sql = format!(
                "SELECT name, type FROM system.columns WHERE database = {database} AND table = {}",
                quoted(&table)
            );
            let found = server.table(ctx, &sql, &[]).await?;
            let columns = found.data.iter().map(|row| json!({ "name": row.first(), "type": row.get(1) }));
            ResourceResponse::json(&columns.collect::<Vec<_>>())
        }
        "functions" => names(server, ctx, "SELECT name FROM system.functions ORDER BY name").await,
        "explain" => {
            let sql = ExplainRequest::read(request).await?.sql(Dialect::ClickHouse)?;
            let found = server.table(ctx, &sql, &[]).await?;
            ResourceResponse::json(&json!({ "executedQueryString": sql, "rows": found.data }))
        }
        other => Ok(ResourceResponse::not_found(other)),
    }
}

async fn names(server: &Rc<Server>, ctx: &RequestContext, sql: &str) -> Result<ResourceResponse, Error> {
    let found = server.table(ctx, sql, &[]).await?;
    ResourceResponse::json(&found.texts(0).collect::<Vec<_>>())
}
