//! PostgreSQL. The peer is native code in this process: the same driver over a socket of the operating system, the same
//! decoding into the same Arrow types, on one thread.

use crate::turns::{ROWS, in_turns, read_sandboxed};
use anyhow::Result;
use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{Field, Schema};
use futures::{StreamExt, pin_mut};
use postgres::decode::{Column, Kind, Raw};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, NoTls};
use wellhead_e2e::host::{Host, wasm};
use wellhead_runtime::DataSourceSettings;
use wellhead_test_servers::PostgreSql;

const BATCH: usize = 16_384;
const SQL: &str = "SELECT t, v, i, s FROM rows";

pub(crate) async fn compare() -> Result<Value> {
    let server = PostgreSql::start()?;
    server.ask(&format!(
        "CREATE TABLE rows AS SELECT '2024-01-01'::timestamptz + n * interval '1 second' AS t, random() AS v, n AS i,
         'row ' || n AS s FROM generate_series(1, {ROWS}::int8) AS n"
    ))?;
    server.ask("VACUUM ANALYZE rows")?;
    let address = format!("127.0.0.1:{}", server.port());
    let client = connect(&address).await?;
    let settings = DataSourceSettings {
        url: address,
        user: PostgreSql::USER.to_owned(),
        database: "postgres".to_owned(),
        json_data: json!({"sslmode": "disable"}).as_object().cloned().unwrap_or_default(),
        ..DataSourceSettings::default()
    };
    let host = Host::start_with(&wasm("postgres")?, settings).await?;

    let compared = in_turns(async || read_natively(&client).await, async || read_sandboxed(&host, SQL).await).await?;
    Ok(compared.print("PostgreSQL", "native tokio-postgres", 1.25))
}

async fn connect(address: &str) -> Result<Client> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut config = Config::new();
    config.user(PostgreSql::USER).dbname("postgres");
    let (client, connection) = config.connect_raw(stream, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn read_natively(client: &Client) -> Result<usize> {
    let statement = client.prepare(SQL).await?;
    let kinds: Vec<Kind> = statement.columns().iter().filter_map(|column| Kind::of(column.type_())).collect();
    let names = statement.columns().iter().map(|column| column.name());
    let fields = names.zip(&kinds).map(|(name, kind)| Field::new(name, kind.field_type().arrow(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let mut columns: Vec<Column> = kinds.into_iter().map(Column::new).collect();
    let rows = client.query_raw(&statement, std::iter::empty::<&(dyn ToSql + Sync)>()).await?;
    pin_mut!(rows);
    let (mut total, mut filled) = (0, 0);
    let mut batches = Vec::new();
    loop {
        let row = rows.next().await.transpose()?;
        if let Some(row) = &row {
            for (number, column) in columns.iter_mut().enumerate() {
                column.push(row.try_get::<_, Option<Raw<'_>>>(number)?.map(|raw| raw.0))?;
            }
            filled += 1;
        }
        if filled == BATCH || row.is_none() {
            let options = RecordBatchOptions::new().with_row_count(Some(filled));
            let arrays = columns.iter_mut().map(Column::take).collect();
            batches.push(RecordBatch::try_new_with_options(schema.clone(), arrays, &options)?);
            total += std::mem::take(&mut filled);
        }
        if row.is_none() {
            return Ok(total);
        }
    }
}
