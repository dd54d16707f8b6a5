//! `msnpctl node …`: the daemons that run.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{bail, ensure};
use clap::Subcommand;
use model::NodeId;
use serde_json::{Value, json};
use store::{NodeReport, NodeRow};

use crate::office::Office;
use crate::output::{Output, table};

/// A daemon that has not reported for so long, in seconds, may be gone. They report every ten.
const LATE: i64 = 30;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// List the daemons that run
    List,
    /// Empty a daemon: its users go to other servers, its rooms are finished, and it ends
    Drain {
        /// Its number as node list shows it, or as many digits of it as are needed
        #[arg(value_name = "ID")]
        id: String,
    },
}

impl Command {
    pub(crate) async fn run(self, office: &Office) -> anyhow::Result<Output> {
        match self {
            Self::List => list(office).await,
            Self::Drain { id } => drain(office, &id).await,
        }
    }
}

async fn list(office: &Office) -> anyhow::Result<Output> {
    let nodes = office.store.nodes().await?;
    if nodes.is_empty() {
        return Ok(Output { text: "No daemon has reported.".to_owned(), json: json!([]) });
    }
    let now = now_ms();
    let rows: Vec<[String; 10]> = nodes
        .iter()
        .map(|node| {
            let report = &node.report;
            [
                number(report.id),
                report.name.clone(),
                report.role.clone(),
                report.version.clone(),
                report.address.clone(),
                load(report),
                report.sent.to_string(),
                state(node, now).to_owned(),
                ago(now - node.started_at),
                format!("{} ago", ago(now - node.seen_at)),
            ]
        })
        .collect();
    let heads = ["ID", "NAME", "ROLE", "VERSION", "ADDRESS", "LOAD", "SENT", "STATE", "UP", "SEEN"];
    Ok(Output { text: table(heads, &rows), json: nodes.iter().map(|node| value(node, now)).collect() })
}

async fn drain(office: &Office, wanted: &str) -> anyhow::Result<Output> {
    let nodes = office.store.nodes().await?;
    let wanted = wanted.to_ascii_lowercase();
    let found: Vec<&NodeRow> = nodes.iter().filter(|node| number(node.report.id).starts_with(&wanted)).collect();
    let node = match found[..] {
        [node] if !wanted.is_empty() => node,
        [] => bail!("no daemon has a number that begins with {wanted}: see msnpctl node list"),
        _ => bail!("several daemons have a number that begins with {wanted}: give more digits of it"),
    };
    let id = node.report.id;
    ensure!(office.store.drain_node(id).await?, "the {} server {} has just ended", node.report.role, number(id));
    let text = format!("The {} server {} will be emptied, and then end.", node.report.role, number(id));
    Ok(Output { text, json: value(&NodeRow { drain: true, ..node.clone() }, now_ms()) })
}

fn number(id: NodeId) -> String {
    format!("{:016x}", id.0)
}

/// What it has of what it is for. A dispatch server has nothing for longer than a moment.
fn load(report: &NodeReport) -> String {
    let (one, many) = match &*report.role {
        "notification" => ("user", "users"),
        "switchboard" => ("room", "rooms"),
        "web" => ("session", "sessions"),
        _ => return "-".to_owned(),
    };
    format!("{} {}", report.load, if report.load == 1 { one } else { many })
}

const fn state(node: &NodeRow, now: i64) -> &'static str {
    if now - node.seen_at > LATE * 1000 {
        "silent"
    } else if node.report.draining || node.drain {
        "draining"
    } else {
        "up"
    }
}

fn value(node: &NodeRow, now: i64) -> Value {
    let report = &node.report;
    json!({
        "id": number(report.id),
        "name": report.name,
        "role": report.role,
        "version": report.version,
        "address": report.address,
        "load": report.load,
        "sent": report.sent,
        "state": state(node, now),
        "started_at": node.started_at / 1000,
        "seen_at": node.seen_at / 1000,
    })
}

fn ago(ms: i64) -> String {
    match ms.max(0) / 1000 {
        seconds @ ..120 => format!("{seconds}s"),
        seconds @ ..7_200 => format!("{}m", seconds / 60),
        seconds @ ..172_800 => format!("{}h", seconds / 3_600),
        seconds => format!("{}d", seconds / 86_400),
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_roughly() {
        for (ms, text) in [(-5, "0s"), (119_999, "119s"), (120_000, "2m"), (7_200_000, "2h"), (172_800_000, "2d")] {
            assert_eq!(ago(ms), text);
        }
    }
}
