//! What a change of state costs the bus.

use std::process::Command;
use std::time::Duration;

use crate::ground::Ground;
use crate::nats::Server;
use crate::programs;

/// Changes that are made and counted.
const CHANGES: u64 = 200;

/// How many messages the notification servers have sent, each by its address, as the operator sees it.
fn sent(ground: &Ground) -> Vec<u64> {
    let mut command = Command::new(programs::program("msnpctl"));
    command.args(["--config", "ns0.toml", "--json", "node", "list"]).current_dir(ground.directory.path());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let nodes: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    let of = |ns: &crate::ground::Daemon| {
        let node = nodes.iter().find(|node| node["address"] == ns.address.to_string()).unwrap();
        node["sent"].as_u64().unwrap()
    };
    ground.ns.iter().map(of).collect()
}

/// Waits until the numbers have been reported since something was done: daemons do every ten seconds.
fn settled(ground: &Ground) -> Vec<u64> {
    std::thread::sleep(Duration::from_secs(12));
    sent(ground)
}

#[test]
fn a_change_is_one_message_to_each_server_with_watchers() {
    let nats = Server::start(&[]);
    let Some(mut ground) = Ground::usual(12, Duration::from_secs(1), &nats) else { return };
    ground.all_sign_in();
    assert!(ground.ns.iter().all(|ns| !ground.at(ns.address).is_empty()), "someone is at each server");
    let before = settled(&ground);
    let home = ground.people[0].at().unwrap();
    for change in 0..CHANGES {
        ground.people[0].change(if change % 2 == 0 { "BSY" } else { "NLN" });
    }
    ground.settles("all changes are told", Duration::from_secs(5));
    let after = settled(&ground);
    for (which, (before, after)) in before.iter().zip(&after).enumerate() {
        let others = if ground.ns[which].address == home { 2 } else { 0 };
        assert_eq!(after - before, CHANGES * others, "sent by server {which}");
    }
}
