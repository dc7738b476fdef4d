//! Frames to a client over HTTP: rows made in the guest, sent by a real `wellhead serve`, read to the last byte.
//! Beside it what is needed anyway, or what others need, alone.

use crate::alone;
use crate::bench::names::{GRAFANA_SDK, SERVER};
use crate::bench::{Options, Slot, contestant};
use crate::contest::{self, Contestant, Run, Sample};
use crate::cpu;
use crate::figures::Figures;
use crate::figures::Metric::{Bytes, Cpu, HostCpu, P50, PluginCpu, Rate};
use crate::http::bare::{BareServer, Format};
use crate::http::client::{Client, Read};
use crate::http::serve::{Serve, ask};
use crate::tables_of::{case, frame, name};
use crate::works::frames::{MEMCPY, rows};
use anyhow::Result;
use std::time::Duration;
use wellhead_peer::{Call, Order, Table};

/// Over one table.
pub const JSON: &str = "Frames to Grafana's JSON at a client, over HTTP";
/// Over the other.
pub const ARROW: &str = "Frames to Arrow at a client, over HTTP";
/// No sandbox, no plugin, no socket, no names and brackets.
pub const FORMATTING: &str = "formatting the same numbers alone";
/// Without a plugin and a socket.
pub const JSON_ALONE: &str = "Wellhead's frame, the JSON alone";
/// Without a plugin.
pub const BARE: &str = "bare hyper, the same bytes prepared";
/// Not measured here.
pub const GRAFANA: &str = "Grafana's Go path (measured elsewhere)";
/// Of a series of 100,000 rows, in Grafana and its Go plugin: a constant, measured on another machine.
const GRAFANA_CPU: [f64; 2] = [0.101, 0.022];
/// Rows that those are of.
pub const GRAFANA_ROWS: usize = 100_000;

const ARROW_STREAM: &str = "application/vnd.apache.arrow.stream";

pub(super) fn run(options: &Options, figures: &mut Figures) -> Result<()> {
    let serve = Serve::start(options)?;
    let mut sdk = Slot::new(GRAFANA_SDK, options.foreign("peer-grafana-json"));
    let plan = options.plan(1, &[P50, Rate, Cpu, HostCpu, PluginCpu, Bytes]);
    for table in [Table::Series, Table::Mixed] {
        for rows in rows(options) {
            let name = case(table, rows);
            let call = Call::Query { table, rows };
            let order = |calls| Order::Calls { call: call.clone(), calls, in_flight: 1, queries: 1, sources: 1 };
            let frame = frame(table, rows)?;
            let bare = BareServer::start(Format::Json, table, rows)?;
            let mut contestants = vec![
                one(&name, SERVER, served(&serve, "application/json", table, rows)?),
                one(&name, BARE, prepared(&bare)?),
                one(&name, JSON_ALONE, Box::new(alone::json(frame.clone()))),
                contestant(&name, &mut sdk, &order),
            ];
            if table == Table::Series {
                contestants.push(one(&name, FORMATTING, Box::new(alone::formatting(rows))));
            }
            contest::run(figures, JSON, &plan, contestants);
            if (table, rows) == (Table::Series, GRAFANA_ROWS) {
                let [host, plugin] = GRAFANA_CPU;
                for (metric, seconds) in [(Cpu, host + plugin), (HostCpu, host), (PluginCpu, plugin)] {
                    figures.add(JSON, &name, GRAFANA, metric, seconds);
                }
            }

            let bytes = frame.to_ipc_stream()?;
            let bare = BareServer::start(Format::Arrow, table, rows)?;
            let contestants = vec![
                one(&name, SERVER, served(&serve, ARROW_STREAM, table, rows)?),
                one(&name, BARE, prepared(&bare)?),
                one(&name, MEMCPY, Box::new(alone::memcpy(bytes))),
            ];
            contest::run(figures, ARROW, &plan, contestants);
        }
    }
    Ok(())
}

fn one<'a>(case: &str, name: &str, run: Run<'a>) -> Contestant<'a> {
    Contestant { case: case.to_owned(), name: name.to_owned(), run }
}

/// Asks the server; what its guest used is told apart.
fn served<'a>(serve: &'a Serve, accept: &'static str, table: Table, rows: usize) -> Result<Run<'a>> {
    let mut client = serve.connect()?;
    let model = format!(r#""table":"{}","rows":{rows}"#, name(table));
    Ok(Box::new(move |calls| {
        let guest = serve.guest_cpu(&mut client)?;
        let sample = asked(serve.pid(), &mut client, calls, |client| ask(client, accept, &model))?;
        let guest = serve.guest_cpu(&mut client)?.saturating_sub(guest);
        Ok(Sample { host_cpu: sample.host_cpu.saturating_sub(guest), plugin_cpu: Some(guest), ..sample })
    }))
}

fn prepared<'a>(bare: &'a BareServer) -> Result<Run<'a>> {
    let mut client = Client::connect(&bare.address)?;
    Ok(Box::new(move |calls| asked(bare.pid(), &mut client, calls, |client| client.post("/", "*/*", "{}"))))
}

/// One request after the other.
fn asked(
    pid: u32,
    client: &mut Client,
    calls: usize,
    mut ask: impl FnMut(&mut Client) -> Result<Read>,
) -> Result<Sample> {
    let before = cpu::of_process(pid)?;
    let (mut wall, mut bytes, mut each) = (Duration::ZERO, 0, Vec::with_capacity(calls));
    for _ in 0..calls {
        let read = ask(client)?;
        wall += read.took;
        bytes += read.bytes;
        each.push(read.took);
    }
    let host_cpu = cpu::of_process(pid)?.saturating_sub(before);
    each.sort_unstable();
    let p50 = each.get(each.len() / 2).copied().unwrap_or_default();
    let p99 = each.get(each.len() * 99 / 100).copied().unwrap_or_default();
    Ok(Sample { wall, calls: calls as u64, bytes, p50, p99, host_cpu, plugin_cpu: None })
}
