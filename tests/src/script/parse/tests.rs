//! What scripts are read as, and what is said about wrong ones.

use std::time::Duration;

use super::*;
use crate::script::{Contact, Group, Macro, Target};
use crate::stage::Need;

fn parse(text: &str) -> Script {
    Script::parse("x.msnp", text).expect("a script")
}

fn wrong(text: &str) -> String {
    Script::parse("x.msnp", text).expect_err("no script").to_string()
}

#[test]
fn the_cast() {
    let script = parse(
        "title  Three in a room   # optional\n\
         # a comment\n\n\
         account alice@example.com name=Al%20X password=secret ; account bob@example.com # two\n\
         account dave@example.com verified=no phone.home=1%202\n\
         contact alice@example.com bob@example.com FL AL name=Bobby group=0,1\n\
         group alice@example.com 1 Work\n\
         config sb.hide_blocking = true\n\
         config motd = \"a ; b # c\"\n\
         on memory tcp\n",
    );
    assert_eq!(script.title.as_deref(), Some("Three in a room"));
    assert_eq!(script.stages, ["memory", "tcp"]);
    let cast = &script.cast;
    assert_eq!((&*cast.accounts[0].name, &*cast.accounts[0].password), ("Al%20X", "secret"));
    assert_eq!((&*cast.accounts[1].name, &*cast.accounts[1].password), ("Bob", "password"));
    assert!(cast.accounts[2].is("verified", "no") && cast.accounts[2].is("phone.home", "1%202"));
    assert_eq!(
        cast.contacts,
        [Contact {
            owner: "alice@example.com".to_owned(),
            handle: "bob@example.com".to_owned(),
            lists: vec!["FL".to_owned(), "AL".to_owned()],
            name: Some("Bobby".to_owned()),
            groups: vec![0, 1],
        }]
    );
    assert_eq!(cast.groups, [Group { owner: "alice@example.com".to_owned(), id: 1, name: "Work".to_owned() }]);
    let key = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(cast.config, [key("sb.hide_blocking", "true"), key("motd", "\"a ; b # c\"")]);
}

#[test]
fn statements_on_one_line() {
    let script = parse(
        "account a@x.y ; account b@x.y\n\
         a.ns  signs in MSNP7 ; b.ns online MSNP2 BSY ; a.ns > XFR 1 a@x.y;{{1}} ; x  # said\n\
         silence a.ns b.ns ; wait 5m\n",
    );
    let actions: Vec<&Action> = script.statements.iter().map(|statement| &statement.action).collect();
    assert!(matches!(actions[0], Action::Macro(Macro::SignIn(link, _)) if link == "a.ns"));
    assert!(matches!(actions[1], Action::Macro(Macro::Online(_, _, status)) if status == "BSY"));
    assert!(matches!(actions[2], Action::Send { line, .. } if line.source() == "XFR 1 a@x.y;{{1}} ; x"));
    assert!(matches!(actions[3], Action::Silence(links) if links.len() == 2));
    assert_eq!(actions[4], &Action::Wait(Duration::from_secs(300)));
    assert_eq!(script.statements[2].line, 2);
}

#[test]
fn payload_lines() {
    let script = parse(
        "a.sb > MSG 1 A {len}\n| X: 1\n|\n|$ Hello\n\
         a.sb < MSG {_} {_} {n}\n|*\n\
         a.sb < MSG 1 2 {len}\n|$ a\n| b \n",
    );
    let lines = |index: usize| match &script.statements[index].action {
        Action::Send { payload: Payload::Lines(lines), .. } => lines.iter().map(Pattern::source).collect(),
        Action::Expect { expected, .. } => match &expected[0].payload {
            Payload::Lines(lines) => lines.iter().map(Pattern::source).collect(),
            _ => vec!["*"],
        },
        _ => vec![],
    };
    assert_eq!(lines(0), ["X: 1", "", "Hello"]);
    assert_eq!(lines(1), ["*"]);
    assert_eq!(lines(2), ["ab ", ""]);
}

#[test]
fn headers_and_a_body() {
    let headed = |text: &str| {
        let script = parse(&format!("a.web connects web\na.web < HTTP/1.1 200 OK\n{text}"));
        let Action::Expect { expected, .. } = &script.statements[1].action else { panic!("{text}") };
        let Payload::Headed { headers, body } = &expected[0].payload else { panic!("{text}") };
        (headers.iter().map(|line| line.source().to_owned()).collect::<Vec<_>>(), (**body).clone())
    };
    let (headers, body) = headed("|~ X: {_}\n|~ Content-Length: {len}\n|\n|$ <a>\n");
    assert_eq!(headers, ["X: {_}", "Content-Length: {len}"]);
    assert!(matches!(body, Payload::Lines(lines) if lines.len() == 1 && lines[0].source() == "<a>"));
    assert_eq!(headed("|~ X: 1\n|").1, Payload::Empty);
    assert_eq!(headed("|~ X: 1\n|\n|*").1, Payload::Any);
    let script = parse("a.web connects web");
    assert_eq!(script.needs(), [Need::Web]);
    assert!(matches!(&script.statements[0].action, Action::Connect { to: Target::Web, .. }));
}

#[test]
fn what_a_script_needs_and_where_it_is_not_for() {
    let script = parse(
        "account a@x.y\nexcept gateway nobody can hang up there ; on memory gateway\n\
         a.ns online MSNP9 BSY 4 %3Cx ; a.ns fetches {t} for {a.c}\na.ns drops ; a.sb connects h:1 ; a.ns online MSNP8",
    );
    assert_eq!(script.exceptions, [("gateway".to_owned(), "nobody can hang up there".to_owned())]);
    assert_eq!(script.stages, ["memory", "gateway"]);
    assert_eq!(script.needs(), [Need::Tickets, Need::HangingUp]);
    let words = |index: usize| match &script.statements[index].action {
        Action::Macro(Macro::Online(_, _, words)) => words.clone(),
        Action::Macro(Macro::Fetch { ticket, challenge, .. }) => format!("{ticket} {challenge}"),
        other => panic!("{other:?}"),
    };
    assert_eq!((words(0), words(1), words(4)), ("BSY 4 %3Cx".to_owned(), "t a.c".to_owned(), "NLN 0".to_owned()));
    assert_eq!(parse("account a@x.y\na.ns signs in MSNP7").needs(), []);
}

/// The transcripts of the repository, each by itself: a wrong one would otherwise show only when it is played.
#[test]
fn all_transcripts_can_be_read() {
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("transcripts")];
    let (mut read, mut wrong) = (0, Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if let Err(error) = Script::load(&path, &Recasting::default()) {
                wrong.push(error.to_string());
            } else {
                read += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(read > 100, "only {read} transcripts");
}

#[test]
fn consecutive_lines_in_any_order_are_one_statement() {
    let script = parse("a.ns <~ 1\na.ns <~ 2\n# still\nb.ns <~ 3\na.ns <~ 4\na.ns < 5\na.ns <~ 6\n|$ x\na.ns <~ 7\n");
    let sizes: Vec<usize> = script
        .statements
        .iter()
        .map(|statement| if let Action::Expect { expected, .. } = &statement.action { expected.len() } else { 0 })
        .collect();
    assert_eq!(sizes, [2, 1, 1, 1, 2]);
}

#[test]
fn other_accounts_play_the_roles() {
    let mut recasting = Recasting::default();
    recasting.add("a@x.y", "ann@real.net", "pw");
    let text = "account a@x.y ; account b@x.y\ncontact b@x.y a@x.y FL\na.ns > USR a@x.y\n|$ a@x.y";
    let script = Script::recast("x.msnp", text, &recasting).expect("a script");
    let account = script.cast.account_of("a.ns").expect("the account");
    assert_eq!((&*account.handle, &*account.password, &*account.name), ("ann@real.net", "pw", "A"));
    assert_eq!(script.cast.contacts[0].handle, "ann@real.net");
    let Action::Send { line, payload: Payload::Lines(lines), .. } = &script.statements[0].action else {
        panic!("{:?}", script.statements)
    };
    assert_eq!((line.source(), lines[0].source()), ("USR ann@real.net", "ann@real.net"));
}

#[test]
fn errors_name_the_line_and_what_was_expected() {
    for (text, expected) in [
        ("\n| x", "x.msnp:2: expected a sent or expected line before this payload line"),
        ("a.ns > X {\na.ns > Y", "x.msnp:1: a brace without its partner"),
        ("a.ns > X\n|x", "x.msnp:2: expected a blank"),
        ("a.ns > X\n|*", "x.msnp:2: `|*` is the whole payload, or body, of an expected line"),
        ("a.ns > X\n|~ A: b", "x.msnp:2: `|~` is a header of an expected line"),
        ("a.ns < X\n|\n|~ A: b", "x.msnp:3: `|~` is a header of an expected line"),
        ("a.ns < X\n|~ A: b\n| c", "x.msnp:3: expected an empty `|` between"),
        ("a.ns < X\n|~ A: b\nwait 1s", "x.msnp:1: expected an empty `|` behind"),
        ("a.ns < X\n|~ A: b\n|*", "x.msnp:3: `|*` is the whole"),
        ("except gateway", "x.msnp:1: expected one of memory, tcp, hub, cluster, gateway and the reason"),
        ("except mars it is far", "x.msnp:1: expected one of memory"),
        ("a.ns < X\n|*\n| y", "x.msnp:3: expected no payload line"),
        ("a.ns syncs", "x.msnp:1: expected an account statement for a.ns"),
        ("account a@x.y\ngroup b@x.y 1 W", "x.msnp:0: expected an account statement for b@x.y"),
        ("wait 1s\naccount a@x.y", "x.msnp:2: this must stand before"),
        ("on mars", "x.msnp:1: expected some of memory"),
        ("account alice", "x.msnp:1: expected a handle"),
        ("account a@x.y verified", "x.msnp:1: expected key=value"),
        ("account a@x.y\naccount a@x.y", "x.msnp:2: there is an account a@x.y already"),
        ("contact a@x.y b@x.y RL", "x.msnp:1: expected FL, AL, BL, name= or group="),
        ("config x", "x.msnp:1: expected `key = value`"),
        ("frobnicate", "x.msnp:1: expected a statement or a connection"),
        ("a.ns frobnicates", "x.msnp:1: expected >, <"),
        ("a.ns >raw x", "x.msnp:1: expected a text in double quotes"),
    ] {
        let message = wrong(text);
        assert!(message.starts_with(expected), "{text:?} gives {message:?}");
    }
}
