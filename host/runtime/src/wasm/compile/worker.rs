//! The worker's end of a compile in a child process: it binds itself, compiles one component, and ends.

use super::CompileFor;
use super::protocol::{Answer, Order};
use crate::wasm::engine;
use rustix::process::{Resource, Rlimit, getrlimit, nice, setrlimit};
use std::error::Error;
use std::io::{self, Read, Write};
use wasmtime::{Engine, OutOfMemory};

/// What is added to the worker's niceness: the host and its guests go first.
const NICENESS: i32 = 10;
/// Standard streams, and the few files that starting threads and asking for random numbers take.
const OPEN_FILES: u64 = 16;
/// For a thread that only waits.
const SMALL_STACK: usize = 64 << 10;

/// Compiles the one component that the host at the other end of `input` and `output` sends, and answers.
///
/// For a process that does nothing else: it lowers its own priority and limits (memory, processor time, open files, no
/// core file) for good before it reads the component, and ends the process once the host is gone. See
/// [`CompileCommand`](crate::CompileCommand).
///
/// ```no_run
/// fn main() -> std::io::Result<()> {
///     if std::env::args().nth(1).as_deref() == Some("compile-component") {
///         return wellhead_runtime::compile_worker(std::io::stdin(), std::io::stdout());
///     }
///     // … builds a runtime with `compile_in_child(CompileCommand::this_program(["compile-component"]))`
///     Ok(())
/// }
/// ```
///
/// # Errors
/// Where `input` is no host's, or no longer there. What is wrong with the component is an answer, and no error.
pub fn compile_worker(mut input: impl Read + Send + 'static, mut output: impl Write) -> io::Result<()> {
    let order = Order::read(&mut input)?;
    if let Err(error) = confine(&order) {
        return Answer::Unable(format!("its worker cannot set its own limits: {error}")).write(&mut output);
    }
    let mut wasm = Vec::new();
    if usize::try_from(order.wasm_bytes).is_ok_and(|bytes| wasm.try_reserve_exact(bytes).is_err()) {
        return Answer::OutOfMemory.write(&mut output);
    }
    input.by_ref().take(order.wasm_bytes).read_to_end(&mut wasm)?;
    if (wasm.len() as u64) < order.wasm_bytes {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the host went away"));
    }
    end_with_the_host(input)?;
    compile(&wasm, order.purpose).write(&mut output)
}

fn confine(order: &Order) -> io::Result<()> {
    nice(NICENESS)?;
    lower(Resource::Core, 0, 0)?;
    lower(Resource::As, order.memory_bytes, order.memory_bytes)?;
    // The soft limit's signal tells this end from others; the hard one's cannot be ignored.
    lower(Resource::Cpu, order.cpu_seconds, order.cpu_seconds.saturating_add(1))?;
    lower(Resource::Nofile, OPEN_FILES, OPEN_FILES)
}

/// Sets a limit, unless a lower one is in force already.
fn lower(resource: Resource, soft: u64, hard: u64) -> io::Result<()> {
    let already = getrlimit(resource);
    let at_most = |wanted: u64, already: Option<u64>| Some(already.map_or(wanted, |already| wanted.min(already)));
    let maximum = at_most(hard, already.maximum);
    Ok(setrlimit(resource, Rlimit { current: at_most(soft, already.current), maximum })?)
}

/// The host keeps its end of `input` open for as long as it wants the answer.
fn end_with_the_host(mut input: impl Read + Send + 'static) -> io::Result<()> {
    let watch = move || {
        let _ = io::copy(&mut input, &mut io::sink());
        std::process::exit(1);
    };
    std::thread::Builder::new().name("host-watch".into()).stack_size(SMALL_STACK).spawn(watch).map(drop)
}

fn compile(wasm: &[u8], purpose: CompileFor) -> Answer {
    let engine = match Engine::new(&engine::config(purpose)) {
        Ok(engine) => engine,
        Err(error) => return Answer::Unable(format!("its worker's engine cannot start: {error:#}")),
    };
    match engine.precompile_component(wasm) {
        Ok(code) => Answer::Code(code.into()),
        Err(error) if error.is::<OutOfMemory>() || error.chain().any(is_out_of_memory) => Answer::OutOfMemory,
        Err(error) => Answer::DoesNotCompile(format!("{error:#}")),
    }
}

fn is_out_of_memory(cause: &(dyn Error + 'static)) -> bool {
    cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::OutOfMemory)
}
