//! The floor: the same component on wasmtime and nothing else, called
//! - inside one `run_concurrent` ([`Bare::calls`]), with a cancel token a call and imports that do nothing: what no host
//!   can beat;
//! - behind a task and a channel an instance ([`Actors::calls`]): what no host that has its Stores on tasks of their own
//!   can beat.
//!
//! An answer is here when its bytes are: nobody looks into them. No limits, no deadlines, nothing that could stop it;
//! unless it is asked for what any host needs that is not at its guests' mercy:
//! - [`Interruptible::Yes`]: code looks at every loop and function whether it is to stop;
//! - [`Bare::checked`]: frames are read as this project's runtime reads them, and what is not valid is an error.

mod host;
mod pieces;

/// The contract, as wasmtime makes code of it.
mod bindings {
    wasmtime::component::bindgen!({
        path: "../../../wit",
        world: "plugin",
        imports: { "wellhead:plugin/fetch": store | trappable },
        exports: { default: async },
    });
}

use bindings::Plugin;
use bindings::exports::wellhead::plugin::datasource::{DataResponse, Guest, HealthStatus, QueryReply};
use bindings::wellhead::plugin::types::{
    CancelReason, DataQuery, InstanceSettings, Instant, Piece, RequestContext, TimeRange,
};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use host::Host;
use pieces::Pieces;
use std::collections::HashMap;
use std::path::Path;
use tokio::sync::{mpsc, oneshot};
use wasmtime::component::{Accessor, Component, FutureReader, HasSelf, Linker};
use wasmtime::error::Context;
use wasmtime::{Config, Engine, Result, Store, bail, ensure};
use wellhead_frame::{Frame, FrameReader};
use wellhead_peer::{Answer, drive};

/// What one call asks.
#[derive(Clone, Debug)]
pub enum Ask {
    /// A health check.
    Health,
    /// One request.
    Query {
        /// The plugin's own query model.
        model: String,
        /// So many queries of it.
        queries: usize,
    },
}

/// Whether code is compiled so that it could be stopped. Nobody does stop it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interruptible {
    /// By nothing but the end of the process.
    No,
    /// By wasmtime's epochs.
    Yes,
}

impl Interruptible {
    fn engine(self) -> Result<Engine> {
        Engine::new(Config::new().epoch_interruption(self == Self::Yes))
    }
}

/// A component on wasmtime.
pub struct Bare {
    linker: Linker<Host>,
    component: Component,
    /// Reads frames, where anybody does.
    reader: Option<FrameReader>,
}

/// An instance that has answered, and does nothing more.
pub struct Instance {
    store: Store<Host>,
    plugin: Plugin,
}

impl Bare {
    /// Compiles a file.
    ///
    /// # Errors
    /// Where it is no component that wasmtime takes.
    pub fn compile(linker: HostLinker, wasm: &Path) -> Result<Self> {
        let component = Component::from_file(linker.0.engine(), wasm)?;
        Ok(Self { component, linker: linker.0, reader: None })
    }

    /// Maps code into memory that [`precompile`](Self::precompile) wrote.
    ///
    /// # Errors
    /// Where it is none, or another version's.
    pub fn map(linker: HostLinker, code: &Path) -> Result<Self> {
        // SAFETY: the caller wrote the file, by `precompile`, in a folder of its own.
        let component = unsafe { Component::deserialize_file(linker.0.engine(), code)? };
        Ok(Self { component, linker: linker.0, reader: None })
    }

    /// The same, whose answers are looked into.
    #[must_use]
    pub fn checked(self) -> Self {
        Self { reader: Some(FrameReader::default()), ..self }
    }

    /// Compiles a file into another one.
    ///
    /// # Errors
    /// As [`compile`](Self::compile), and where it cannot be written.
    pub fn precompile(wasm: &Path, code: &Path, interruptible: Interruptible) -> Result<()> {
        let bytes = std::fs::read(wasm).with_context(|| format!("cannot read {}", wasm.display()))?;
        let compiled = interruptible.engine()?.precompile_component(&bytes)?;
        std::fs::write(code, compiled).with_context(|| format!("cannot write {}", code.display()))
    }

    /// An engine with all that a component may import.
    ///
    /// # Errors
    /// None is known.
    pub fn linker(interruptible: Interruptible) -> Result<HostLinker> {
        let engine = interruptible.engine()?;
        let mut linker = Linker::<Host>::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        wasmtime_wasi::p3::add_to_linker(&mut linker)?;
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
        wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
        Plugin::add_to_linker::<_, HasSelf<Host>>(&mut linker, |host| host)?;
        Ok(HostLinker(linker))
    }

    /// Calls inside one `run_concurrent`.
    ///
    /// # Errors
    /// That of the first call that failed.
    pub async fn calls(&self, ask: &Ask, calls: usize, in_flight: usize) -> Result<Answer> {
        let Instance { mut store, plugin } = self.instance().await?;
        store
            .run_concurrent(async |accessor| {
                let guest = plugin.wellhead_plugin_datasource();
                configure(accessor, guest).await?;
                drive(calls, in_flight, |_| call(accessor, guest, ask.clone(), self.reader.as_ref())).await
            })
            .await?
    }

    /// Instances on a task each.
    ///
    /// # Errors
    /// Where there is no room for them.
    pub async fn actors(&self, instances: usize) -> Result<Actors> {
        let mut inboxes = Vec::with_capacity(instances);
        for _ in 0..instances.max(1) {
            let (inbox, requests) = mpsc::channel(256);
            tokio::spawn(actor(self.instance().await?, requests));
            inboxes.push(inbox);
        }
        Ok(Actors { inboxes })
    }

    /// An instance that has answered `ask` once.
    ///
    /// # Errors
    /// Where it did not.
    pub async fn answered(&self, ask: &Ask) -> Result<Instance> {
        let mut instance = self.instance().await?;
        let Instance { store, plugin } = &mut instance;
        store
            .run_concurrent(async |accessor| {
                let guest = plugin.wellhead_plugin_datasource();
                configure(accessor, guest).await?;
                call(accessor, guest, ask.clone(), self.reader.as_ref()).await
            })
            .await??;
        Ok(instance)
    }

    async fn instance(&self) -> Result<Instance> {
        let mut store = Store::new(self.linker.engine(), Host::default());
        // Nobody counts epochs, so that the first never comes.
        store.set_epoch_deadline(1);
        let plugin = Plugin::instantiate_async(&mut store, &self.component, &self.linker).await?;
        Ok(Instance { store, plugin })
    }
}

/// Instances behind channels. They end with this.
pub struct Actors {
    inboxes: Vec<mpsc::Sender<Request>>,
}

impl Actors {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.inboxes.len()
    }

    /// Calls of them by turns.
    ///
    /// # Errors
    /// That of the first call that failed.
    pub async fn calls(&self, ask: &Ask, calls: usize, in_flight: usize) -> Result<Answer> {
        drive(calls, in_flight, async |number| {
            let (reply, answered) = oneshot::channel();
            let inbox = self.inboxes.get(number % self.count()).context("there is no actor")?;
            inbox.send((ask.clone(), reply)).await.context("the actor is gone")?;
            answered.await.context("the actor is gone")?
        })
        .await
    }
}

type Request = (Ask, oneshot::Sender<Result<u64>>);

async fn actor(instance: Instance, mut requests: mpsc::Receiver<Request>) -> Result<()> {
    let Instance { mut store, plugin } = instance;
    store
        .run_concurrent(async |accessor| {
            let guest = plugin.wellhead_plugin_datasource();
            configure(accessor, guest).await?;
            let mut running = FuturesUnordered::new();
            loop {
                tokio::select! {
                    request = requests.recv() => match request {
                        Some((ask, reply)) => running.push(async move {
                            // A caller that is gone asked no more.
                            drop(reply.send(call(accessor, guest, ask, None).await));
                        }),
                        None => break Ok(()),
                    },
                    Some(()) = running.next() => {}
                }
            }
        })
        .await?
}

/// An engine, and what it lets components import.
#[derive(Clone)]
pub struct HostLinker(Linker<Host>);

async fn configure(accessor: &Accessor<Host>, guest: &Guest) -> Result<()> {
    let settings = InstanceSettings {
        id: 1,
        uid: "bench".into(),
        org_id: 1,
        name: String::new(),
        url: String::new(),
        user: String::new(),
        database: String::new(),
        basic_auth: false,
        basic_auth_user: String::new(),
        json_data: "{}".into(),
        secrets: Vec::new(),
        version: 1,
        extensions: Vec::new(),
    };
    match guest.call_configure(accessor, settings).await? {
        Ok(()) => Ok(()),
        Err(error) => bail!("it cannot be configured: {}", error.message),
    }
}

/// One call, to its last byte; how many bytes of frames there were.
async fn call(accessor: &Accessor<Host>, guest: &Guest, ask: Ask, reader: Option<&FrameReader>) -> Result<u64> {
    // A token that resolves when the call is over, as a real one does.
    let (_over, is_over) = oneshot::channel::<()>();
    let token = async move {
        let _ = is_over.await;
        wasmtime::error::Ok(CancelReason::CallerGone)
    };
    let cancel = accessor.with(|store| FutureReader::new(store, token))?;
    let context = RequestContext {
        org_id: 1,
        user: None,
        headers: Vec::new(),
        traceparent: None,
        budget_ms: 30_000,
        extensions: Vec::new(),
    };
    match ask {
        Ask::Health => match guest.call_check_health(accessor, context, cancel).await? {
            Ok(health) if health.status == HealthStatus::Ok => Ok(0),
            Ok(health) => bail!("it is not well: {}", health.message),
            Err(error) => bail!("{}", error.message),
        },
        Ask::Query { model, queries } => {
            let queries: Vec<_> = (0..queries).map(|number| query(number, &model)).collect();
            let asked = queries.len();
            match guest.call_query_data(accessor, context, queries, cancel).await? {
                Ok(reply) => bytes_of(accessor, reply, asked, reader).await,
                Err(error) => bail!("{}", error.message),
            }
        }
    }
}

fn query(number: usize, model: &str) -> DataQuery {
    let epoch = Instant { seconds: 0, nanoseconds: 0 };
    DataQuery {
        ref_id: format!("Q{number}"),
        query_type: String::new(),
        max_data_points: 0,
        interval_ms: 1,
        time_range: TimeRange { from: epoch, to: epoch },
        model: model.to_owned(),
    }
}

async fn bytes_of(
    accessor: &Accessor<Host>,
    reply: QueryReply,
    asked: usize,
    reader: Option<&FrameReader>,
) -> Result<u64> {
    let mut answered = reply.ready;
    let mut kept = Kept { reader, bytes: 0, messages: Vec::new(), frames: Vec::new() };
    if let Some(rest) = reply.rest {
        let (sink, pieces) = Pieces::new();
        accessor.with(|store| rest.pipe(store, sink))?;
        answered.extend(kept.pieces(pieces.await.context("pieces ended before they were over")?)?);
    }
    ensure!(answered.len() == asked, "{} answers to {asked} queries", answered.len());
    for DataResponse { ref_id, frames, error, .. } in answered {
        if let Some(error) = error {
            bail!("query {ref_id}: {}", error.message);
        }
        for frame in frames {
            kept.frame(&ref_id, frame)?;
        }
    }
    Ok(kept.bytes as u64)
}

/// What was answered, to the end, as whoever asked for a frame has it then.
struct Kept<'a> {
    reader: Option<&'a FrameReader>,
    bytes: usize,
    messages: Vec<Vec<u8>>,
    frames: Vec<Frame>,
}

impl Kept<'_> {
    fn frame(&mut self, ref_id: &str, frame: Vec<u8>) -> Result<()> {
        self.bytes += frame.len();
        match self.reader {
            Some(reader) => self.frames.push(reader.frame_of(ref_id, frame)?),
            None => self.messages.push(frame),
        }
        Ok(())
    }

    /// The answers among the pieces.
    fn pieces(&mut self, pieces: Vec<Piece>) -> Result<Vec<DataResponse>> {
        let (mut answers, mut open) = (Vec::new(), HashMap::new());
        for piece in pieces {
            match (piece, self.reader) {
                (Piece::Begin(begin), Some(reader)) => {
                    self.bytes += begin.schema.len();
                    open.insert(begin.frame, (reader.pieces(begin.schema)?, Vec::new()));
                }
                (Piece::Begin(begin), None) => self.message(begin.schema),
                (Piece::Batch(batch), Some(_)) => {
                    self.bytes += batch.message.len();
                    let (reader, batches) = open.get_mut(&batch.frame).context("a batch of no frame")?;
                    batches.push(reader.batch(batch.message)?);
                }
                (Piece::Batch(batch), None) => self.message(batch.message),
                (Piece::Done(response), _) => answers.push(response),
            }
        }
        for (reader, batches) in open.into_values() {
            self.frames.push(reader.finish(batches)?);
        }
        Ok(answers)
    }

    fn message(&mut self, message: Vec<u8>) {
        self.bytes += message.len();
        self.messages.push(message);
    }
}
