//! What a query editor asks for: databases, tables, columns, functions, and what a query would cost.
//!
//! | Path | Answers |
//! |---|---|
//! | `GET databases` | `[{name}]` |
//! | `GET tables?database=D` | `[{database, name, type}]`; of the data source's database without one |
//! | `GET columns?database=D&table=T` | `[{name, type, nullable}]`, in order |
//! | `GET functions?database=D` | `[{database, name, result}]`, those that are stored there |
//! | `POST explain` with `{"rawSql": …}` | the server's plan, not run: `EXPLAIN FORMAT=JSON` |
//!
//! Every list ends after [`MOST`] entries, also where the server goes on; one that is too long in bytes is an error.

use crate::restricted;
use crate::script::Script;
use crate::server::{Lease, Server};
use arrow_array::Array;
use arrow_array::cast::AsArray;
use serde_json::{Map, Value};
use wellhead_sdk::{Error, RequestContext, ResourceRequest, ResourceResponse};
use wellhead_sql::{ExplainRequest, Statement};

/// Entries of a list at most.
const MOST: usize = 10_000;
/// Bytes of a list, or of a plan, at most: names and values.
const MOST_BYTES: usize = 8 << 20;
/// What a value takes beside its bytes.
const VALUE_BYTES: usize = 64;

const DATABASES: &str = "SELECT schema_name AS name FROM information_schema.schemata ORDER BY 1";

const TABLES: &str = "SELECT table_schema AS `database`, table_name AS name, lower(table_type) AS type \
    FROM information_schema.tables WHERE table_schema = coalesce(?, database()) ORDER BY 1, 2";

const COLUMNS: &str = "SELECT column_name AS name, column_type AS type, is_nullable AS nullable \
    FROM information_schema.columns WHERE table_schema = coalesce(?, database()) AND table_name = ? \
    ORDER BY ordinal_position";

const FUNCTIONS: &str = "SELECT routine_schema AS `database`, routine_name AS name, dtd_identifier AS result \
    FROM information_schema.routines WHERE routine_schema = coalesce(?, database()) AND routine_type = 'FUNCTION' \
    ORDER BY 1, 2";

/// Answers one request.
pub(crate) async fn answer(
    server: &Server,
    ctx: &RequestContext,
    request: ResourceRequest,
) -> Result<ResourceResponse, Error> {
    let parameter = |key: &str| request.param(key).map_or(Value::Null, Value::String);
    let (sql, parameters) = match (request.method.as_str(), request.path.as_str()) {
        ("GET", "databases") => (DATABASES, Vec::new()),
        ("GET", "tables") => (TABLES, vec![parameter("database")]),
        ("GET", "functions") => (FUNCTIONS, vec![parameter("database")]),
        ("GET", "columns") => {
            if request.param("table").is_none() {
                return Err(Error::bad_request("columns: say of which table, as ?table=NAME"));
            }
            (COLUMNS, vec![parameter("database"), parameter("table")])
        }
        ("POST", "explain") => {
            let query = ExplainRequest::read(request).await?;
            return plan(server, ctx, &query).await;
        }
        (_, path) => return Ok(ResourceResponse::not_found(path)),
    };
    let list = read(server.acquire().await?, ctx, &format!("{sql} LIMIT {MOST}"), parameters).await?;
    ResourceResponse::json(&list)
}

async fn plan(server: &Server, ctx: &RequestContext, query: &ExplainRequest) -> Result<ResourceResponse, Error> {
    let session = server.acquire().await?;
    let dialect = session.dialect();
    restricted::check(dialect, &query.raw_sql)?;
    let sql = query.sql(dialect)?;
    let rows = read(session, ctx, &sql, Vec::new()).await?;
    let document = rows.first().and_then(|row| row.values().next()?.as_str());
    let document = document.ok_or_else(|| Error::downstream("the server sent no plan"))?;
    Ok(ResourceResponse::new("application/json", document.as_bytes().to_vec()))
}

/// The rows of a statement whose columns are texts; `YES` and `NO` of `nullable` become true and false.
async fn read(
    session: Lease,
    ctx: &RequestContext,
    sql: &str,
    parameters: Vec<Value>,
) -> Result<Vec<Map<String, Value>>, Error> {
    let statements = Statement::all(session.dialect(), sql);
    let mut script = Script::new(session, statements, parameters, ctx.remaining())?;
    let Some(schema) = script.begin().await? else { return Ok(Vec::new()) };
    let mut list = Vec::new();
    let mut bytes = 0_usize;
    while let Some((rows, columns)) = script.next().await? {
        for row in 0..rows {
            if list.len() == MOST {
                return Ok(list);
            }
            let mut values = Map::new();
            for (field, column) in schema.fields().iter().zip(&columns) {
                let texts = column.as_string_opt::<i32>().filter(|texts| texts.is_valid(row));
                let text = texts.map(|texts| texts.value(row));
                let name = field.name();
                bytes = bytes.saturating_add(VALUE_BYTES + name.len() + text.map_or(0, str::len));
                if bytes > MOST_BYTES {
                    return Err(Error::downstream(format_args!(
                        "the list has more than {} MiB, which is the most: ask for it with a query",
                        MOST_BYTES >> 20
                    )));
                }
                let value = match (name.as_str(), text) {
                    ("nullable", text) => Value::Bool(text == Some("YES")),
                    (_, text) => text.map_or(Value::Null, Value::from),
                };
                values.insert(name.clone(), value);
            }
            list.push(values);
        }
    }
    Ok(list)
}
