//! The protocol's code; by protox, so that no protoc need be there.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=proto");
    let files = protox::compile(["proto/plugin.proto"], ["proto"])?;
    // Frames come and go as `Bytes`, which are not copied.
    tonic_prost_build::configure().bytes(".").compile_fds(files)?;
    Ok(())
}
