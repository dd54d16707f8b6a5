//! The tool as a program: against the suite, and against servers that lose, swap and repeat.

#![allow(clippy::unwrap_used, reason = "all of this crate is tests, also what is no test function")]

mod fake;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use fake::{Fault, Server};
use serde_json::Value;

/// `msnpd`, built once, and found beside the program under test.
fn msnpd() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(["build", "--quiet", "--locked", "-p", "msnpd"]);
        if !cfg!(debug_assertions) {
            command.arg("--release");
        }
        assert!(command.current_dir(env!("CARGO_MANIFEST_DIR")).status().unwrap().success(), "msnpd does not build");
        Path::new(env!("CARGO_BIN_EXE_msnp-load")).with_file_name("msnpd")
    })
}

fn load(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_msnp-load")).args(arguments).output().unwrap()
}

/// Runs it on the suite: the results.
fn measured(arguments: &[&str]) -> Vec<Value> {
    let place = tempfile::tempdir().unwrap();
    let json = place.path().join("results.jsonl").display().to_string();
    let suite = msnpd().display().to_string();
    let output = load(&[arguments, &["--quick", "--suite", &suite, "--json", &json]].concat());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    assert!(!String::from_utf8_lossy(&output.stdout).is_empty(), "there is a table");
    let text = std::fs::read_to_string(json).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn figure(record: &Value, name: &str) -> f64 {
    record["figures"][name].as_f64().unwrap_or_else(|| panic!("{record} has no {name}"))
}

/// Each server in each round, and all that was counted was verified.
fn assert_verified(records: &[Value], subjects: &[&str], rounds: u64) {
    for round in 0..rounds {
        for subject in subjects {
            let found = records.iter().filter(|record| record["subject"] == *subject && record["round"] == round);
            let found: Vec<_> = found.collect();
            assert_eq!(found.len(), 1, "{subject} in round {round} of {records:?}");
            assert!(figure(found[0], "operations") > 50.0, "{found:?}");
            assert!(figure(found[0], "verified") >= figure(found[0], "operations"), "{found:?}");
            assert!(figure(found[0], "cpu_us") > 0.0 && figure(found[0], "p99_us") > 0.0, "{found:?}");
        }
    }
    assert_eq!(records.len() as u64, rounds * subjects.len() as u64);
}

#[test]
fn messages_of_the_suite_and_of_all_floors_are_verified() {
    let records = measured(&["relay", "--floor", "self", "--rounds", "2", "--seconds", "0.5"]);
    assert_verified(&records, &["floor-copy", "floor-mpsc", "floor-direct", "suite"], 2);
}

#[test]
fn messages_in_bursts_are_acknowledged_in_a_dialect_with_tickets() {
    let records = measured(&["relay", "--win", "64", "--delivery", "A", "--dialect", "9", "--seconds", "0.5"]);
    assert_verified(&records, &["suite"], 1);
}

#[test]
fn presence_is_verified() {
    let records = measured(&["fan", "--win", "16", "--floor", "self", "--seconds", "0.5"]);
    assert_verified(&records, &["floor-mpsc", "floor-direct", "suite"], 1);
    let records = measured(&["fan", "--dialect", "12", "--idle", "50", "--seconds", "0.5"]);
    assert_verified(&records, &["suite"], 1);
}

#[test]
fn sign_ins_are_verified() {
    for dialect in ["2", "7", "12"] {
        let records = measured(&["login", "--floor", "direct", "--dialect", dialect]);
        assert_verified(&records, &["floor-direct", "suite"], 1);
    }
}

#[test]
fn idle_users_are_counted() {
    let records = measured(&["idle", "--n", "300", "--contacts", "0,8", "--settle", "0.5"]);
    let cases: Vec<_> = records.iter().map(|record| record["case"].as_str().unwrap()).collect();
    assert_eq!(cases, ["n=300 contacts=0", "n=300 contacts=8"]);
    assert!(records.iter().all(|record| figure(record, "verified") == 300.0 && figure(record, "rss_mb") > 1.0));
}

#[test]
fn the_mix_accounts_for_everything() {
    let records = measured(&["mix", "--n", "100", "--speed", "100", "--floor", "mpsc"]);
    assert_eq!(records.len(), 2);
    let suite = records.iter().find(|record| record["subject"] == "suite").unwrap();
    for kind in ["chat_rate", "presence_rate", "sign_in_rate", "room_rate"] {
        assert!(figure(suite, kind) > 0.0, "{suite}");
    }
}

/// Runs it on a server that makes this mistake.
fn on(fault: Fault, run: &[&str]) -> Result<(), String> {
    let server = Server::start(fault);
    let at = server.address().to_string();
    let output = load(&[run, &["--ns", &at, "--seconds", "0.5", "--quick"]].concat());
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

const RELAY: [&str; 5] = ["relay", "--pairs", "2", "--win", "8"];
const FAN: [&str; 5] = ["fan", "--watchers", "3", "--win", "8"];

#[test]
fn a_server_without_fault_passes() {
    for run in [RELAY, FAN] {
        assert_eq!(on(Fault::None, &run), Ok(()), "{run:?}");
    }
}

#[test]
fn what_is_lost_swapped_or_repeated_fails_the_run() {
    for fault in [Fault::Drop(100), Fault::Swap(100), Fault::Repeat(100)] {
        for run in [RELAY, FAN] {
            let error = on(fault, &run).unwrap_err();
            assert!(error.contains("was due: lost or reordered"), "{fault:?} {run:?}: {error}");
        }
    }
}

#[test]
fn what_never_comes_fails_the_run() {
    for run in [RELAY, FAN] {
        let error = on(Fault::DropFrom(100), &run).unwrap_err();
        assert!(error.contains("were lost: they did not come within"), "{run:?}: {error}");
    }
}

#[test]
fn a_server_that_hangs_up_fails_the_run() {
    for run in [RELAY, FAN] {
        let error = on(Fault::Close(100), &run).unwrap_err();
        assert!(
            error.contains("closed") || error.contains("reset") || error.contains("roken pipe"),
            "{run:?}: {error}"
        );
    }
}

#[test]
fn a_far_server_is_left_alone() {
    let far: SocketAddr = "192.0.2.1:1863".parse().unwrap();
    let output = load(&["relay", "--ds", &far.to_string()]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && error.contains("--allow-remote"), "{error}");
}
