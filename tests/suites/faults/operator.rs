//! What the operator does reaches clients that are signed in.

use std::path::Path;
use std::process::Command;

use crate::client::Client;
use crate::daemon::{Addresses, Daemon, EDITOR, PASSWORD, prepare};
use crate::programs;

fn msnpctl(directory: &Path, arguments: &[&str]) {
    let mut command = Command::new(programs::program("msnpctl"));
    let output = command.args(["--config", "msnpd.toml"]).args(arguments).current_dir(directory).output().unwrap();
    assert!(output.status.success(), "msnpctl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Signs in and reads the lists.
fn synced(ns: std::net::SocketAddr) -> Client {
    let mut client = Client::sign_in(ns, EDITOR, PASSWORD).unwrap();
    client.synchronise().unwrap();
    client
}

#[test]
fn edits_with_msnpctl_are_told_at_once() {
    programs::build();
    let directory = tempfile::tempdir().unwrap();
    let Addresses { ns, .. } = prepare(directory.path(), &["friend@example.com".to_owned()]);
    let _daemon = Daemon::start(directory.path());
    let mut client = synced(ns);
    msnpctl(directory.path(), &["contact", "add", EDITOR, "friend@example.com", "--list", "FL"]);
    assert_eq!(client.line().unwrap(), "ADD 0 FL 2 friend@example.com friend@example.com 0");
    msnpctl(directory.path(), &["contact", "add", EDITOR, "friend@example.com", "--list", "AL"]);
    assert_eq!(client.line().unwrap(), "ADD 0 AL 3 friend@example.com friend@example.com");
    msnpctl(directory.path(), &["contact", "add", "friend@example.com", EDITOR, "--list", "FL"]);
    assert_eq!(client.line().unwrap(), "ADD 0 RL 4 friend@example.com friend@example.com");
    msnpctl(directory.path(), &["contact", "remove", EDITOR, "friend@example.com", "--list", "FL"]);
    assert_eq!(client.line().unwrap(), "REM 0 FL 5 friend@example.com");
    // The server has let go of the lists of someone who is online, and remembers who was deleted.
    assert_eq!(client.ask("CHG {} NLN").unwrap().split(' ').next_back(), Some("NLN"));
    msnpctl(directory.path(), &["account", "delete", "friend@example.com", "--yes"]);
    assert_eq!(client.line().unwrap(), "REM 0 AL 6 friend@example.com");
    assert_eq!(client.line().unwrap(), "REM 0 RL 6 friend@example.com");
    msnpctl(directory.path(), &["account", "suspend", EDITOR]);
    assert_eq!(client.line().unwrap(), "OUT SSD");
    assert!(client.line().is_err(), "the daemon closes");
}

#[test]
fn a_stop_is_told_and_ends_well() {
    programs::build();
    let directory = tempfile::tempdir().unwrap();
    let Addresses { ns, .. } = prepare(directory.path(), &[]);
    let daemon = Daemon::start(directory.path());
    let mut client = synced(ns);
    let ended = std::thread::spawn(move || daemon.terminate());
    let text = client.message().unwrap();
    assert!(text.contains("Content-Type: application/x-msmsgssystemmessage\r\n") && text.contains("\r\nType: 1\r\n"));
    assert_eq!(client.line().unwrap(), "OUT SSD");
    assert!(client.line().is_err(), "the daemon closes");
    drop(client);
    assert!(ended.join().unwrap(), "it ends with success");
}
