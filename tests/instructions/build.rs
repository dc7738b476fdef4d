//! Tells the gate which compiler made it: figures of another one are not compared.

use std::process::Command;
use std::{env, io};

fn main() -> io::Result<()> {
    let rustc = env::var_os("RUSTC").ok_or_else(|| io::Error::other("cargo names no RUSTC"))?;
    let version = String::from_utf8_lossy(&Command::new(rustc).arg("--version").output()?.stdout).trim().to_owned();
    let target = env::var("TARGET").map_err(io::Error::other)?;
    println!("cargo::rustc-env=MADE_WITH_RUSTC={version}");
    println!("cargo::rustc-env=MADE_WITH_TARGET={target}");
    println!("cargo::rerun-if-changed=build.rs");
    Ok(())
}
