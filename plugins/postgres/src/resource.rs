//! What a query editor asks for: schemas, tables, columns, functions, and what a query would cost.
//!
//! | Path | Answers |
//! |---|---|
//! | `GET schemas` | `[{name}]`, those of the server itself last |
//! | `GET tables?schema=S` | `[{schema, name, type}]`; of the whole search path without a schema |
//! | `GET columns?schema=S&table=T` | `[{name, type, nullable}]`, in order |
//! | `GET functions?schema=S` | `[{schema, name, arguments, result}]` |
//! | `POST explain` with `{"rawSql": …}` | the server's plan, not run: `EXPLAIN (FORMAT JSON)` |
//!
//! The server writes the JSON. Every list ends after [`MOST`] entries.

use crate::parameter::Parameter;
use crate::script::{Script, statements};
use crate::server::Server;
use arrow_array::cast::AsArray;
use wellhead_sdk::{Error, RequestContext, ResourceRequest, ResourceResponse};
use wellhead_sql::{Dialect, ExplainRequest};

/// Entries of a list at most.
const MOST: usize = 10_000;

const SCHEMAS: &str = "SELECT nspname AS name FROM pg_namespace WHERE has_schema_privilege(oid, 'USAGE') \
    AND nspname !~ '^pg_(toast|temp)' ORDER BY nspname ~ '^pg_' OR nspname = 'information_schema', nspname";

const TABLES: &str = "SELECT table_schema AS schema, table_name AS name, lower(table_type) AS type \
    FROM information_schema.tables WHERE table_schema = ANY (CASE WHEN $1::text IS NULL \
    THEN current_schemas(false)::text[] ELSE ARRAY[$1::text] END) ORDER BY 1, 2";

const COLUMNS: &str = "SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, \
    NOT a.attnotnull AS nullable FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid \
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = coalesce($1::text, current_schema()) \
    AND c.relname = $2::text AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";

const FUNCTIONS: &str = "SELECT n.nspname AS schema, p.proname AS name, \
    pg_get_function_arguments(p.oid) AS arguments, pg_get_function_result(p.oid) AS result \
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = coalesce($1::text, 'pg_catalog') \
    AND p.prokind <> 'p' ORDER BY 2, 3";

/// Answers one request.
pub(crate) async fn answer(
    server: &Server,
    dialect: Dialect,
    ctx: &RequestContext,
    request: ResourceRequest,
) -> Result<ResourceResponse, Error> {
    let parameter = |key: &str| Parameter::from(request.param(key));
    let (sql, parameters) = match (request.method.as_str(), request.path.as_str()) {
        ("GET", "schemas") => (list(SCHEMAS), Vec::new()),
        ("GET", "tables") => (list(TABLES), vec![parameter("schema")]),
        ("GET", "functions") => (list(FUNCTIONS), vec![parameter("schema")]),
        ("GET", "columns") => {
            if request.param("table").is_none() {
                return Err(Error::bad_request("columns: say of which table, as ?table=NAME"));
            }
            (list(COLUMNS), vec![parameter("schema"), parameter("table")])
        }
        ("POST", "explain") => (ExplainRequest::read(request).await?.sql(dialect)?, Vec::new()),
        (_, path) => return Ok(ResourceResponse::not_found(path)),
    };
    let body = value(server, ctx, &sql, parameters).await?;
    Ok(ResourceResponse::new("application/json", body))
}

fn list(sql: &str) -> String {
    format!("SELECT coalesce(json_agg(l), '[]') FROM ({sql} LIMIT {MOST}) AS l")
}

/// The one value of a statement, a document.
async fn value(server: &Server, ctx: &RequestContext, sql: &str, parameters: Vec<Parameter>) -> Result<Vec<u8>, Error> {
    let statements = statements(Dialect::postgres(), sql)?;
    let mut script = Script::new(server.acquire().await?, statements, parameters, ctx.remaining())?;
    script.begin().await?;
    let rows = script.next().await?;
    script.next().await?;
    let column = rows.as_ref().and_then(|(_, columns)| columns.first());
    let document = column.and_then(|column| column.as_binary_opt::<i32>()?.iter().next()?);
    document.map(<[u8]>::to_vec).ok_or_else(|| Error::downstream("the server sent no document"))
}
