//! What belongs to an account: contacts, groups, its entry in the directory, its profile.

use serde_json::json;

use crate::ground::{AMY, BOB, Ground};

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
