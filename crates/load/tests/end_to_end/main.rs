//! The tool as a program: against the suite, and against servers that lose, swap and repeat.

#![allow(clippy::unwrap_used, reason = "all of this crate is tests, also what is no test function")]

mod fake;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use fake::{Fault, Server};
use serde_json::Value;

/// `msnpd`, built once with the separate daemons, and found beside the program under test.
fn msnpd() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(["build", "--quiet", "--locked", "-p", "msnpd", "-p", "ds", "-p", "ns", "-p", "sb"]);
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
fn the_mix_accounts_for_everything_at_each_speed() {
    let records = measured(&["mix", "--n", "100", "--speed", "50,400", "--floor", "mpsc", "--rounds", "2"]);
    assert_eq!(records.len(), 8);
    // Some kinds are so rare at the lower speed that a round may have none.
    for kind in ["chat_rate", "presence_rate", "sign_in_rate", "room_rate"] {
        let suite = records.iter().filter(|record| record["subject"] == "suite");
        assert!(suite.map(|record| figure(record, kind)).sum::<f64>() > 0.0, "{kind}: {records:?}");
    }
    // The same people play at both: the faster ones say more, also where they played slowly just before.
    let chats = |case: &str| -> f64 {
        let of_case = records.iter().filter(|record| record["subject"] == "suite" && record["case"] == case);
        of_case.map(|record| figure(record, "chat_rate")).sum()
    };
    assert!(chats("n=100 speed=400") > 3.0 * chats("n=100 speed=50"), "{records:?}");
}

#[test]
fn a_speed_at_which_something_goes_wrong_is_told_and_the_others_are_measured() {
    let place = tempfile::tempdir().unwrap();
    let json = place.path().join("results.jsonl").display().to_string();
    let suite = msnpd().display().to_string();
    let run =
        ["mix", "--quick", "--n", "100", "--speed", "400,1", "--floor", "mpsc", "--suite", &suite, "--json", &json];
    // Whoever wants a second room is refused: at that speed, somebody does.
    let output = load(&[&run[..], &["--key", "ns.rooms_per_minute=1"]].concat());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && errors.contains("at 400 times the speed: user "), "{errors}");
    let records = std::fs::read_to_string(json).unwrap();
    assert!(records.lines().count() == 4 && records.contains("\"broken\":1.0"), "{records}");
}

#[test]
fn cases_are_measured_in_turn() {
    let records = measured(&["fan", "--watchers", "5", "--stuck", "1", "--rounds", "2", "--seconds", "0.3"]);
    let order: Vec<_> = records.iter().map(|record| record["case"].as_str().unwrap().contains("stuck=1")).collect();
    assert_eq!(order, [false, true, true, false]);
}

#[test]
fn a_watcher_who_reads_nothing_is_disconnected() {
    // As little as may wait for a client, and bursts, so that it is full in no time.
    let keys = ["--key", "limits.outbox_bytes=16384", "--win", "64"];
    let records = measured(&[&["fan", "--watchers", "3", "--stuck", "2", "--seconds", "1"][..], &keys].concat());
    let stuck = records.iter().find(|record| record["case"].as_str().unwrap().contains("stuck=2")).unwrap();
    assert!((figure(stuck, "stuck_closed") - 2.0).abs() < f64::EPSILON, "{stuck}");
    assert!(figure(stuck, "verified") > 0.0);
}

#[test]
fn the_same_work_is_measured_beside_few_and_beside_many() {
    let records = measured(&["herd", "--n", "50,200", "--ns-processes", "2", "--settle", "0.5", "--seconds", "0.3"]);
    for run in ["relay", "fan", "login"] {
        let mut cases = records.iter().filter(|record| record["run"] == run);
        let (few, many) = (cases.next().unwrap(), cases.next().unwrap());
        let case = |record: &Value| record["case"].as_str().unwrap().to_owned();
        assert!(case(few).ends_with(" idle=50 ns=2") && case(many).ends_with(" idle=200 ns=2"), "{few} {many}");
        assert!(figure(few, "verified") >= figure(few, "operations") && figure(many, "cpu_us") > 0.0);
    }
    let idle: Vec<_> = records.iter().filter(|record| record["run"] == "idle").collect();
    assert!(idle.len() == 4 && idle.iter().all(|record| figure(record, "rss_mb") > 1.0), "{idle:?}");
}

#[test]
fn a_change_is_one_message_to_each_other_server() {
    let records = measured(&["cluster", "--servers", "2,3", "--watchers", "4", "--seconds", "0.3"]);
    let messages: Vec<_> =
        records.iter().filter(|record| record["case"].as_str().unwrap().starts_with("messages")).collect();
    assert_eq!(messages.len(), 2);
    for (record, others) in messages.iter().zip([1.0, 2.0]) {
        let (events, sent) = (figure(record, "events"), figure(record, "sent"));
        assert!(events > 10.0 && sent >= events * others && sent < events * others + 5.0, "{record}");
    }
    for case in ["watchers=8 win=1 chunk=1 ns=2 bus=hub spread", "watchers=12 win=16 chunk=16 ns=3 bus=hub together"] {
        let record =
            records.iter().find(|record| record["case"] == case).unwrap_or_else(|| panic!("{case}: {records:?}"));
        assert!(figure(record, "verified") >= figure(record, "operations"), "{record}");
    }
}

/// A suite that cannot be started.
#[test]
fn where_a_run_fails_the_others_go_on_and_the_exit_code_tells() {
    let place = tempfile::tempdir().unwrap();
    let json = place.path().join("results.jsonl").display().to_string();
    let output = load(&["all", "--suite", "/nowhere/msnpd", "--only", "G5,G8,G11", "--rounds", "1", "--json", &json]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && errors.contains("2 of 3 runs failed: "), "{errors}");
    assert!(errors.contains("3/3  G8: msnp-load start --rounds 20 --suite /nowhere/msnpd"), "{errors}");
    let table = String::from_utf8_lossy(&output.stdout);
    assert!(table.contains("| G11 | roster read") && table.contains("Nothing was measured of G1, G2,"), "{table}");
    assert!(std::fs::read_to_string(json).unwrap().contains("sqlite roster"));
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
