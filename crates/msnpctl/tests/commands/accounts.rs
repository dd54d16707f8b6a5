//! Accounts: made, shown, suspended, deleted; and their passwords.

use serde_json::json;

use crate::ground::{AMY, BOB, Ground, contents, holds, sentence, text};

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
