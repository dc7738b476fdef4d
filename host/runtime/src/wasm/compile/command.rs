//! Which program compiles, where that is not done in the host's own process.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How to start a process that compiles one component: a program that calls
/// [`compile_worker`](crate::compile_worker) with its standard input and output, and writes nothing else to the latter.
///
/// Its environment is emptied, but for `LD_LIBRARY_PATH` and what bounds its threads and memory. It must be built from the
/// same sources as the host, for the same kind of processor: code of another version is refused.
///
/// ```
/// use wellhead_runtime::CompileCommand;
///
/// let same_program = CompileCommand::this_program(["compile-component"]);
/// let in_a_sandbox = CompileCommand::new("/usr/bin/bwrap", ["--unshare-all", "--ro-bind", "/", "/", "my-compiler"]);
/// # let _ = (same_program, in_a_sandbox);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileCommand {
    program: Program,
    args: Vec<OsString>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Program {
    This,
    At(PathBuf),
}

impl CompileCommand {
    /// The program that is running, called with `args`, by which its `main` knows what it is to do.
    pub fn this_program(args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        Self { program: Program::This, args: args.into_iter().map(Into::into).collect() }
    }

    /// Another program, called with `args`.
    pub fn new(program: impl Into<PathBuf>, args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        Self { program: Program::At(program.into()), args: args.into_iter().map(Into::into).collect() }
    }

    pub(super) fn to_std(&self) -> std::io::Result<Command> {
        let mut command = match &self.program {
            Program::This => this_program()?,
            Program::At(path) => Command::new(path),
        };
        command.args(&self.args);
        Ok(command)
    }

    /// The program, as an error names it.
    pub(super) fn shown(&self) -> String {
        match &self.program {
            Program::This => "(this program)".into(),
            Program::At(path) => path.display().to_string(),
        }
    }
}

fn this_program() -> std::io::Result<Command> {
    // Leads to the very file that is running, also after an upgrade put another in its place.
    let itself = Path::new("/proc/self/exe");
    let named = std::env::current_exe();
    if !cfg!(target_os = "linux") || !itself.exists() {
        return named.map(Command::new);
    }
    let mut command = Command::new(itself);
    if let Ok(named) = named {
        use std::os::unix::process::CommandExt;
        command.arg0(named);
    }
    Ok(command)
}
