//! The command as an operator runs it: the built program on a store of its own.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

const AMY: &str = "amy@example.com";
const BOB: &str = "bob@example.com";

/// A store in a directory of its own, and the configuration that names it.
struct Ground {
    directory: TempDir,
}

impl Ground {
    fn new(more: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let at = |name: &str| directory.path().join(name).display().to_string();
        let config = format!(
            "[store]\nurl = \"sqlite:{}\"\nkey_file = \"{}\"\n{more}\n",
            at("data/msnp.db"),
            at("key/master.key")
        );
        std::fs::write(directory.path().join("msnpd.toml"), config).expect("written");
        Self { directory }
    }

    /// One that has Amy and Bob.
    fn with_two(more: &str) -> Self {
        let ground = Self::new(more);
        for (email, name) in [(AMY, "Amy Smith"), (BOB, "Bob")] {
            ground.says(&["account", "add", email, "--name", name, "--password", "secret"]);
        }
        ground
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_msnpctl"));
        command.arg("--config").arg(self.directory.path().join("msnpd.toml")).stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().expect("it runs")
    }

    fn run_with_input(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut child = self.command();
        child.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = child.spawn().expect("it runs");
        child.stdin.take().expect("a pipe").write_all(input).expect("written");
        child.wait_with_output().expect("it ends")
    }

    /// What a command that succeeds says.
    fn says(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        assert_eq!(text(&output.stderr), "", "{arguments:?}");
        text(&output.stdout)
    }

    /// The one value that a command says to programs.
    fn json(&self, arguments: &[&str]) -> Value {
        let said = self.says(&[&["--json"], arguments].concat());
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {said}"))
    }

    /// The version of an account's lists and settings.
    fn serial(&self, email: &str) -> u64 {
        self.json(&["account", "show", email])["serial"].as_u64().expect("a number")
    }

    /// The sentence with which a command fails.
    fn fails(&self, arguments: &[&str]) -> String {
        sentence(&self.run(arguments))
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn sentence(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}{}", text(&output.stdout), text(&output.stderr));
    assert_eq!(text(&output.stdout), "");
    let said = text(&output.stderr);
    let sentence = said.strip_prefix("error: ").and_then(|said| said.strip_suffix('\n')).expect("an error");
    sentence.to_owned()
}

/// Everything that is in the files below a directory.
fn contents(directory: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all.extend(contents(&path));
        } else {
            all.extend(std::fs::read(path).expect("a file"));
        }
    }
    all
}

fn holds(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle.as_bytes())
}

#[test]
fn accounts_are_made_and_listed() {
    let ground = Ground::new("");
    assert_eq!(ground.says(&["account", "list"]), "There are no accounts.\n");
    assert_eq!(ground.json(&["account", "list"]), json!([]));
    let amy = ["account", "add", "Amy@Example.com", "--name", "Amy Smith", "--password", "secret"];
    assert_eq!(ground.says(&amy), "The account amy@example.com is made.\n");
    let bob = ground.json(&["account", "add", BOB, "--name", "Bob", "--password", "secret", "--no-md5"]);
    assert_eq!(bob["md5"], json!(false));
    assert_eq!(bob["email"], json!(BOB));
    assert_eq!(
        ground.says(&["account", "list"]),
        "ACCOUNT          STATE  NAME\n\
         amy@example.com  good   Amy Smith\n\
         bob@example.com  good   Bob\n"
    );
    let list = ground.json(&["account", "list"]);
    assert_eq!(list[0]["name"], json!("Amy Smith"));
    let mut keys: Vec<_> = list[0].as_object().expect("an object").keys().cloned().collect();
    keys.sort();
    assert_eq!(keys, ["email", "guid", "id", "name", "suspended", "verified"]);
    assert_eq!(ground.fails(&amy), "there is an account amy@example.com already");
}

#[test]
fn passwords_come_from_the_arguments_or_from_standard_input() {
    let ground = Ground::new("");
    let add = |email: &'static str, input: &[u8]| {
        ground.run_with_input(&["account", "add", email, "--name", "Someone", "--password-stdin"], input)
    };
    assert_eq!(text(&add(AMY, b"from a pipe\r\nand more\n").stdout), "The account amy@example.com is made.\n");
    assert_eq!(sentence(&add(BOB, b"")), "the password is empty");
    assert_eq!(sentence(&add(BOB, b"\nsecond line\n")), "the password is empty");
    assert_eq!(sentence(&add(BOB, "x".repeat(1025).as_bytes())), "the password is longer than 1024 bytes");
    assert!(sentence(&add(BOB, b"\xff\xfe\n")).starts_with("cannot read the password from standard input"));
    assert_eq!(ground.fails(&["account", "passwd", AMY, "--password", ""]), "the password is empty");

    assert_eq!(ground.says(&["account", "passwd", AMY, "--password", "x y"]), "amy@example.com has a new password.\n");
    let output = ground.run_with_input(&["account", "passwd", AMY, "--password-stdin", "--no-md5"], b"another\n");
    assert_eq!(text(&output.stdout), "amy@example.com has a new password. It cannot be used to sign in by MD5.\n");
    assert_eq!(ground.json(&["account", "passwd", AMY, "--password", "x"]), json!({ "email": AMY, "md5": true }));
    assert_eq!(ground.fails(&["account", "passwd", BOB, "--password", "x"]), "there is no account bob@example.com");
}

#[test]
fn a_password_is_either_given_or_read() {
    let ground = Ground::new("");
    let add = ["account", "add", AMY, "--name", "Amy"];
    assert_eq!(ground.run(&add).status.code(), Some(2), "none");
    let both = [&add[..], &["--password", "hunter2", "--password-stdin"]].concat();
    let output = ground.run(&both);
    assert_eq!(output.status.code(), Some(2), "both");
    assert!(!text(&output.stderr).contains("hunter2"));
}

#[test]
fn passwords_are_in_no_file_and_no_output() {
    let ground = Ground::new("");
    let (first, second) = ("correct-horse-battery", "staple-of-the-second");
    let said = [
        ground.run(&["account", "add", AMY, "--name", "Amy", "--password", first]),
        ground.run_with_input(&["account", "add", BOB, "--name", "Bob", "--password-stdin"], first.as_bytes()),
        ground.run(&["--json", "account", "passwd", AMY, "--password", second]),
        ground.run(&["account", "show", AMY]),
    ];
    for output in said {
        assert!(output.status.success());
        for password in [first, second] {
            assert!(!holds(&output.stdout, password) && !holds(&output.stderr, password));
        }
    }
    let files = contents(ground.directory.path());
    assert!(holds(&files, AMY), "the files were looked into");
    assert!(!holds(&files, first) && !holds(&files, second));
}

#[test]
fn where_nobody_signs_in_by_md5_no_secret_is_kept() {
    let ground = Ground::with_two("[ns]\nmd5_sign_in = false");
    assert_eq!(ground.json(&["account", "passwd", AMY, "--password", "x"])["md5"], json!(false));
}

#[test]
fn accounts_are_suspended_and_verified() {
    let ground = Ground::with_two("");
    assert_eq!(ground.says(&["account", "suspend", AMY]), "amy@example.com may not sign in any more.\n");
    assert_eq!(ground.says(&["account", "unverify", AMY]), "amy@example.com does not count as verified.\n");
    assert!(ground.says(&["account", "list"]).contains("amy@example.com  suspended, unverified  Amy Smith\n"));
    let amy = ground.json(&["account", "resume", AMY]);
    assert_eq!((&amy["suspended"], &amy["verified"]), (&json!(false), &json!(false)));
    let amy = ground.json(&["account", "verify", AMY]);
    assert_eq!((&amy["suspended"], &amy["verified"]), (&json!(false), &json!(true)));
    assert_eq!(ground.says(&["account", "resume", AMY]), "amy@example.com may sign in.\n");
    assert_eq!(ground.says(&["account", "verify", AMY]), "amy@example.com counts as verified.\n");
    for word in ["suspend", "resume", "verify", "unverify", "show"] {
        assert_eq!(ground.fails(&["account", word, "no@example.com"]), "there is no account no@example.com", "{word}");
    }
}

#[test]
fn an_account_is_deleted_only_on_purpose() {
    let ground = Ground::with_two("");
    ground.says(&["contact", "add", BOB, AMY, "--list", "FL"]);
    assert_eq!(ground.fails(&["account", "delete", AMY]), "there is no terminal to ask at: add --yes to go ahead");
    let output = ground.run_with_input(&["account", "delete", AMY], b"y\n");
    assert_eq!(sentence(&output), "there is no terminal to ask at: add --yes to go ahead", "a pipe is no terminal");
    assert_eq!(ground.says(&["account", "delete", AMY, "--yes"]), "The account amy@example.com is deleted.\n");
    assert_eq!(ground.fails(&["account", "delete", AMY, "--yes"]), "there is no account amy@example.com");
    assert_eq!(ground.fails(&["account", "delete", AMY]), "there is no account amy@example.com", "before it asks");
    assert_eq!(ground.says(&["contact", "list", BOB]), "Nobody is on a list of bob@example.com.\n");
    assert_eq!(ground.json(&["account", "delete", BOB, "--yes"]), json!({ "email": BOB, "deleted": true }));
}

#[test]
fn an_account_is_shown() {
    let ground = Ground::with_two("");
    let new = ground.serial(AMY);
    ground.says(&["contact", "add", AMY, BOB, "--list", "FL"]);
    ground.says(&["contact", "add", AMY, BOB, "--list", "AL"]);
    ground.says(&["group", "add", AMY, "2", "Friends"]);
    ground.says(&["profile", "set", AMY, "--home", "555 0100"]);
    let shown = ground.says(&["account", "show", AMY]);
    for line in [
        "account     amy@example.com\n",
        "name        Amy Smith\n",
        "state       good\n",
        "lists       FL 1, AL 1, BL 0, RL 0\n",
        "groups      0 Other Contacts, 2 Friends\n",
        "seen by     all-but-blocked\n",
        "when added  ask\n",
        "profile     home 555 0100, work none, mobile none, pages no\n",
        &format!("serial      {}\n", new + 4),
    ] {
        assert!(shown.contains(line), "{line:?} is not in\n{shown}");
    }
    let json = ground.json(&["account", "show", BOB]);
    assert_eq!(json["contacts"], json!({ "FL": 0, "AL": 0, "BL": 0, "RL": 1 }));
    assert_eq!(json["groups"][0]["name"], json!("Other Contacts"));
    assert_eq!(json["profile"], json!({ "home": "", "work": "", "mobile": "", "pages": false }));
    assert_eq!((&json["seen_by"], &json["when_added"]), (&json!("all-but-blocked"), &json!("ask")));
    assert_eq!(json["serial"], json!(new + 1), "someone put Bob on their FL");
}

#[test]
fn contacts_come_and_go() {
    let ground = Ground::with_two("");
    let new = ground.serial(AMY);
    assert_eq!(
        ground.says(&["contact", "add", AMY, BOB, "--list", "FL"]),
        "bob@example.com is now on FL of amy@example.com.\n"
    );
    assert_eq!(
        ground.json(&["contact", "add", AMY, BOB, "--list", "al", "--name", "Bobby"]),
        json!({ "owner": AMY, "email": BOB, "name": "Bobby", "lists": ["FL", "AL"], "groups": [0], "serial": new + 2 })
    );
    assert_eq!(
        ground.says(&["contact", "list", AMY]),
        "CONTACT          LISTS  GROUPS  NAME\n\
         bob@example.com  FL,AL  0       Bobby\n"
    );
    assert_eq!(
        ground.json(&["contact", "list", BOB]),
        json!([{ "email": AMY, "name": "Amy Smith", "lists": ["RL"], "groups": [] }])
    );
    assert_eq!(
        ground.json(&["contact", "remove", AMY, BOB, "--list", "FL"]),
        json!({ "owner": AMY, "email": BOB, "name": "Bobby", "lists": ["AL"], "groups": [], "serial": new + 3 })
    );
    assert_eq!(
        ground.says(&["contact", "remove", AMY, BOB, "--list", "AL"]),
        "bob@example.com is on no list of amy@example.com any more.\n"
    );
    assert_eq!(
        ground.json(&["contact", "add", AMY, AMY, "--list", "BL"])["lists"],
        json!(["BL"]),
        "the protocol lets people list themselves"
    );
}

#[test]
fn refusals_are_sentences() {
    let ground = Ground::with_two("[ns]\ncontacts = 1\ngroups = 3");
    let add = |email, list| ground.fails(&["contact", "add", AMY, email, "--list", list]);
    let remove = |email, list| ground.fails(&["contact", "remove", AMY, email, "--list", list]);
    ground.says(&["contact", "add", AMY, BOB, "--list", "FL"]);
    ground.says(&["contact", "add", AMY, BOB, "--list", "BL"]);
    assert_eq!(add(BOB, "FL"), "bob@example.com is on the FL of amy@example.com already");
    assert_eq!(
        add(BOB, "AL"),
        "bob@example.com is on the BL of amy@example.com: nobody can be on AL and BL, so remove them there first"
    );
    assert_eq!(add(AMY, "FL"), "the FL of amy@example.com is full: [ns] contacts allows 1 people on it");
    assert_eq!(add("no@example.com", "AL"), "there is no account no@example.com");
    assert_eq!(remove("no@example.com", "AL"), "there is no account no@example.com");
    assert_eq!(remove(BOB, "AL"), "bob@example.com is not on the AL of amy@example.com");
    assert_eq!(
        ground.fails(&["contact", "add", "no@example.com", AMY, "--list", "FL"]),
        "there is no account no@example.com"
    );
    assert_eq!(ground.fails(&["contact", "list", "no@example.com"]), "there is no account no@example.com");
    assert_eq!(ground.says(&["contact", "list", BOB]).lines().count(), 2, "nothing else has changed");
}

#[test]
fn groups() {
    let ground = Ground::with_two("[ns]\ngroups = 3");
    let new = ground.serial(AMY);
    let into = |group: &'static str| ["contact", "add", AMY, BOB, "--list", "FL", "--group", group];
    assert_eq!(ground.fails(&into("7")), "amy@example.com has no group 7");
    assert_eq!(
        ground.says(&["group", "add", AMY, "7", "Old friends"]),
        "amy@example.com has a group 7 now: Old friends\n"
    );
    assert_eq!(
        ground.json(&["group", "add", AMY, "1", "Work"]),
        json!({ "owner": AMY, "number": 1, "name": "Work", "serial": new + 2 })
    );
    assert_eq!(ground.fails(&["group", "add", AMY, "7", "Again"]), "amy@example.com has a group 7 already");
    assert_eq!(ground.fails(&["group", "add", AMY, "0", "Others"]), "amy@example.com has a group 0 already");
    assert_eq!(
        ground.fails(&["group", "add", AMY, "2", "More"]),
        "amy@example.com has as many groups as [ns] groups allows: 3"
    );
    assert_eq!(ground.fails(&["group", "add", "no@example.com", "2", "x"]), "there is no account no@example.com");
    assert_eq!(ground.run(&["group", "add", AMY, "30", "x"]).status.code(), Some(2));
    assert_eq!(ground.run(&["group", "add", AMY, "2", &"x".repeat(62)]).status.code(), Some(2));

    assert_eq!(ground.json(&into("7"))["groups"], json!([7]));
    assert_eq!(ground.json(&into("1"))["groups"], json!([1, 7]), "someone who is on FL joins another group");
    assert_eq!(ground.fails(&into("1")), "bob@example.com is on the FL of amy@example.com already, in group 1");
    assert_eq!(
        ground.fails(&["contact", "add", AMY, BOB, "--list", "AL", "--group", "1"]),
        "only FL has groups: leave out --group, or say --list FL"
    );
    let groups = ground.json(&["account", "show", AMY])["groups"].clone();
    let guids: Vec<_> = groups.as_array().expect("an array").iter().map(|group| group["guid"].clone()).collect();
    assert_eq!(guids.len(), 3);
    assert!(guids[0] != guids[1] && guids[1] != guids[2] && guids[0] != guids[2], "{guids:?}");
}

#[test]
fn the_directory() {
    let ground = Ground::with_two("");
    let set = ["directory", "set", AMY, "--first", "Amy", "--last", " Smith ", "--city", "Paris", "--country", "FR"];
    assert_eq!(
        ground.json(&set),
        json!({ "email": AMY, "first": "Amy", "last": "Smith", "city": "Paris", "state": "", "country": "FR" })
    );
    assert_eq!(ground.says(&set), "amy@example.com is listed in the directory.\n");
    assert_eq!(ground.json(&["directory", "remove", AMY]), json!({ "email": AMY, "listed": false }));
    assert_eq!(ground.says(&["directory", "remove", AMY]), "amy@example.com is not listed in the directory.\n");
    assert_eq!(ground.run(&["directory", "set", AMY]).status.code(), Some(2), "nothing to be found by");
    assert_eq!(
        ground.fails(&["directory", "set", AMY, "--first", " "]),
        "nothing is given that amy@example.com could be found by"
    );
    for command in
        [&["directory", "set", "no@example.com", "--first", "N"][..], &["directory", "remove", "no@example.com"]]
    {
        assert_eq!(ground.fails(command), "there is no account no@example.com");
    }
}

#[test]
fn profiles() {
    let ground = Ground::with_two("");
    let new = ground.serial(AMY);
    assert_eq!(
        ground.says(&["profile", "set", AMY, "--home", "555 0100", "--mobile", "555 0199", "--pages", "yes"]),
        "The profile of amy@example.com is now: home 555 0100, work none, mobile 555 0199, pages yes\n"
    );
    assert_eq!(
        ground.json(&["profile", "set", AMY, "--home", "", "--work", "555 0142", "--pages", "no"]),
        json!({
            "email": AMY,
            "profile": { "home": "", "work": "555 0142", "mobile": "555 0199", "pages": false },
            "serial": new + 2,
        })
    );
    assert_eq!(ground.run(&["profile", "set", AMY]).status.code(), Some(2), "nothing to set");
    assert_eq!(ground.run(&["profile", "set", AMY, "--pages", "maybe"]).status.code(), Some(2));
    assert_eq!(ground.run(&["profile", "set", AMY, "--home", &"1".repeat(96)]).status.code(), Some(2));
    assert_eq!(ground.run(&["profile", "set", AMY, "--home", "1\n2"]).status.code(), Some(2));
    assert_eq!(
        ground.fails(&["profile", "set", "no@example.com", "--home", "1"]),
        "there is no account no@example.com"
    );
}

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
