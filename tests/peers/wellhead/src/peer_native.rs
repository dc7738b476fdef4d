//! The peer `native plugin`: the same tables from a plugin that is compiled into the host, behind the same client.

use anyhow::{Context, Result, bail};
use std::time::Instant;
use tokio::runtime;
use wellhead_peer::{Answer, Call, Hello, Order, Table, drive, serve};
use wellhead_peer_table::{mixed, series};
use wellhead_peers::{Ask, EMPTY, PLUGIN, context, in_turn};
use wellhead_runtime::{
    CheckHealthResult, CorePlugin, DataQuery, DataResponse, GuestError, Manifest, PluginContext, QueryDataReply,
    Runtime,
};

fn main() -> Result<()> {
    let cannot = [
        ("first-answer", "it is part of the program"),
        ("reload", "it is part of the program"),
        ("upstream", "a plugin in the host brings an HTTP client of its own"),
    ];
    let hello = Hello {
        name: "native plugin".to_owned(),
        built_from: "wellhead-runtime, in process".to_owned(),
        cannot: cannot.map(|(work, why)| (work.to_owned(), why.to_owned())).into(),
    };
    let io = runtime::Runtime::new().context("no threads")?;
    let mut host = None;
    serve(&hello, |order| io.block_on(work(&mut host, order)))
}

async fn work(host: &mut Option<Runtime>, order: Order) -> Result<Answer> {
    match order {
        Order::Calls { call, calls, in_flight, queries, sources } => {
            if matches!(call, Call::Upstream { .. }) {
                bail!("it has no HTTP client");
            }
            let client = host.insert(host_of(1)?).client();
            let contexts = contexts(1, sources);
            let ask = Ask::of(&call, queries)?;
            drive(calls, in_flight, async |number| ask.of_source(client, in_turn(&contexts, number)?).await).await
        }
        Order::Idle { plugins, sources } => {
            let began = Instant::now();
            let client = host.insert(host_of(plugins)?).client();
            let ask = Ask::of(&EMPTY, 1)?;
            for context in contexts(plugins, sources) {
                ask.of_source(client, context).await?;
            }
            Ok(Answer::once(began.elapsed()))
        }
        Order::FirstAnswer { .. } | Order::Reload { .. } => bail!("it is part of the program"),
    }
}

fn contexts(plugins: usize, sources: usize) -> Vec<PluginContext> {
    let of = |plugin| (0..sources.max(1)).map(move |source| context(&id(plugin), source, ""));
    (0..plugins).flat_map(of).collect()
}

fn id(plugin: usize) -> String {
    format!("{PLUGIN}-{plugin}")
}

fn host_of(plugins: usize) -> Result<Runtime> {
    let runtime = Runtime::builder().build()?;
    for number in 0..plugins {
        let manifest = Manifest::core(id(number), "Peer", "0.1.0");
        let plugin = CorePlugin::new(manifest, |_, request| async move {
            Ok(QueryDataReply::ready(request.queries.into_iter().map(answer).collect()))
        });
        let plugin = plugin.with_check_health(|_| async { Ok(CheckHealthResult::ok("fine")) });
        runtime.register(std::sync::Arc::new(plugin))?;
    }
    Ok(runtime)
}

#[derive(serde::Deserialize)]
struct Model {
    table: Table,
    #[serde(default)]
    rows: usize,
}

fn answer(query: DataQuery) -> DataResponse {
    let frame = serde_json::from_str::<Model>(&query.model).map_err(|error| error.to_string()).and_then(|model| {
        let frame = match model.table {
            Table::Series => series(model.rows),
            Table::Mixed => mixed(model.rows),
        };
        frame.map_err(|error| error.to_string())
    });
    match frame {
        Ok(frame) => DataResponse::ok(query.ref_id, vec![frame]),
        Err(error) => DataResponse::failed(query.ref_id, GuestError::plugin(500, error)),
    }
}
