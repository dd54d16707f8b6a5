//! The program itself: what it reads, what it leaves, and whom it tells.

use std::process::{Command, Stdio};

use crate::ground::{AMY, BOB, Ground, sentence, text};

#[test]
fn running_daemons_are_told() {
    let ground = Ground::with_two("");
    let database = ground.directory.path().join("data/msnp.db");
    let keys = store::MasterKey::load_or_create(&ground.directory.path().join("key/master.key")).expect("a key");
    let url = format!("sqlite:{}", database.display()).parse().expect("well formed");
    let runtime = daemon::program::runtime().expect("a runtime");
    runtime.block_on(async {
        let store = store::Store::open(&url, keys).await.expect("open beside the command");
        let mut mark = store.touched_mark().await.expect("read");
        let commands: [(&[&str], usize); 7] = [
            (&["contact", "add", AMY, BOB, "--list", "FL"], 2),
            (&["contact", "add", AMY, BOB, "--list", "AL"], 1),
            (&["contact", "add", BOB, AMY, "--list", "AL"], 1),
            (&["profile", "set", BOB, "--home", "1"], 2),
            (&["group", "add", AMY, "1", "Work"], 1),
            (&["account", "suspend", AMY], 1),
            (&["account", "delete", AMY, "--yes"], 2),
        ];
        for (command, count) in commands {
            ground.says(command);
            let (next, users) = store.touched_since(mark).await.expect("read");
            assert_eq!(users.len(), count, "{command:?}");
            mark = next;
        }
        store.close().await;
    });
}

#[test]
fn arguments_and_configurations_that_cannot_be_used() {
    let ground = Ground::new("");
    for bad in [
        &["account", "show", "amy"][..],
        &["account", "add", AMY, "--password", "x"],
        &["account", "add", AMY, "--name", "", "--password", "x"],
        &["contact", "add", AMY, BOB, "--list", "RL"],
        &["contact", "add", AMY, BOB],
        &["account"],
        &[],
    ] {
        let output = ground.run(bad);
        assert_eq!(output.status.code(), Some(2), "{bad:?}");
        assert_eq!(text(&output.stdout), "", "{bad:?}");
    }
    assert!(!ground.directory.path().join("data").exists(), "nothing was opened");

    let bare = |config: &str| {
        let path = ground.directory.path().join("bad.toml");
        std::fs::write(&path, config).expect("written");
        let mut command = Command::new(env!("CARGO_BIN_EXE_msnpctl"));
        command.arg("account").arg("list").arg("--config").arg(&path);
        sentence(&command.output().expect("it runs"))
    };
    let error = bare("[store]\npath = \"x\"\n");
    assert!(error.contains("bad.toml") && error.contains("line 2, column 1") && error.contains("`path`"), "{error}");
    assert_eq!(
        bare("[store]\nurl = \"sqlite::memory:\"\n"),
        "[store] url is sqlite::memory:, which only the process that made it can see: nothing can be changed there"
    );
}

#[test]
fn without_a_configuration_the_defaults_hold() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut command = Command::new(env!("CARGO_BIN_EXE_msnpctl"));
    let output = command.args(["account", "list"]).current_dir(directory.path()).output().expect("it runs");
    assert_eq!(text(&output.stdout), "There are no accounts.\n");
    assert!(directory.path().join("data/msnp.db").exists() && directory.path().join("data/master.key").exists());
    assert!(!directory.path().join("data/msnp.db-wal").exists(), "the store was closed");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let ground = Ground::with_two("");
    let mut child = ground.command();
    child.args(["account", "list"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = child.spawn().expect("it runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
}
