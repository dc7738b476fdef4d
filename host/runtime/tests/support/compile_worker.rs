//! The program that the runtime's tests compile components in.

fn main() -> std::io::Result<()> {
    wellhead_runtime::compile_worker(std::io::stdin(), std::io::stdout())
}
