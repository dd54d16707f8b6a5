//! Fixed numbers of operations on the hot paths, for their instructions to be counted.
//!
//! `instructions PATH COUNT` does COUNT operations. What a run costs with 0 of them is its setup;
//! the difference, by COUNT, is the cost of one. `tests/instructions/run` does that under callgrind,
//! whose counts are the same however busy the machine is.

mod fan;
mod parse;
mod relay;

use anyhow::{Context as _, bail};

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, count] = &arguments[..] else {
        bail!("a path and a count are wanted: parse, relay or fan, and a number")
    };
    let count = count.parse().context("the count is no number")?;
    match path.as_str() {
        "parse" => parse::run(count),
        "relay" => relay::run(count),
        "fan" => fan::run(count),
        _ => bail!("there is no path {path}"),
    }
}
