//! The configuration file that operators start from, and what they are told about mistakes.

use std::path::{Path, PathBuf};

use daemon::Config;

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/msnpd.toml")
}

fn shipped_lines() -> Vec<String> {
    let text = std::fs::read_to_string(shipped()).expect("config/msnpd.toml is there");
    text.lines().map(str::to_owned).collect()
}

/// Reads a configuration with this text, and tells what is wrong with it, as a program would.
fn mistake(text: &str) -> String {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("msnpd.toml");
    std::fs::write(&path, text).expect("written");
    let error = anyhow::Error::from(Config::read(&path).expect_err(text));
    format!("{error:#}").replace(&path.display().to_string(), "FILE")
}

/// The sections and keys of the shipped file, in its order.
fn keys_of_file() -> Vec<String> {
    let (mut section, mut keys) = (String::new(), Vec::new());
    for line in shipped_lines() {
        if let Some(name) = line.strip_prefix('[') {
            name.trim_end_matches(']').clone_into(&mut section);
        } else if let Some((key, _)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
            keys.push(format!("{section}.{key}"));
        }
    }
    keys
}

/// The sections and keys of [`Config`], in its order, as its `Debug` form shows them: a section is a
/// struct with a brace, and may be within another.
fn keys_of_struct() -> Vec<String> {
    let (mut section, mut keys) = (Vec::new(), Vec::new());
    for line in format!("{:#?}", Config::default()).lines() {
        let depth = (line.len() - line.trim_start().len()) / 4;
        let Some((name, value)) = line.trim_start().split_once(": ") else { continue };
        // What is deeper is part of a value.
        if depth <= section.len() + 1 {
            section.truncate(depth.saturating_sub(1));
            if depth == 1 || matches!(value, "WebTls {" | "Gateway {" | "BusNats {") {
                section.push(name.to_owned());
            } else {
                keys.push(format!("{}.{name}", section.join(".")));
            }
        }
    }
    keys
}

#[test]
fn the_shipped_file_is_the_defaults() {
    let config = Config::read(&shipped()).expect("it can be read");
    assert_eq!(format!("{config:#?}"), format!("{:#?}", Config::default()));
}

#[test]
fn the_shipped_file_has_every_key_in_order() {
    let keys = keys_of_struct();
    assert!(keys.len() > 40 && keys.contains(&"limits.outbox_time".to_owned()), "{keys:?}");
    assert_eq!(keys_of_file(), keys);
}

/// A comment stands above every key, or above the keys that it is about.
#[test]
fn the_shipped_file_explains_every_key() {
    let mut explained = false;
    for line in shipped_lines() {
        if line.contains(" = ") && !line.starts_with('#') {
            assert!(explained, "{line}");
        } else {
            explained = line.starts_with('#');
        }
        assert!(line.chars().count() <= 100, "longer than 100: {line}");
    }
}

#[test]
fn an_empty_file_is_the_defaults() {
    let config: Config = toml::from_str("").expect("it can be read");
    assert_eq!(format!("{config:?}"), format!("{:?}", Config::default()));
}

#[test]
fn an_unknown_key_is_named_with_its_place() {
    let said = mistake("[ns]\nweight = 2\n  wait = 3\n");
    let start =
        "the configuration FILE cannot be used: line 3, column 3: unknown field `wait`, expected one of `listen`,";
    assert!(said.starts_with(start), "{said}");

    let said = mistake("[ns]\nweight = 2\n\n[nss]\nweight = 2\n");
    assert!(said.contains("line 4, column 2") && said.contains("unknown field `nss`"), "{said}");
}

#[test]
fn a_value_that_is_no_such_thing_is_explained_with_its_place() {
    for (text, place, sentence) in [
        (
            "[limits]\noutbox_time = \"20\"",
            "line 2, column 15",
            "\"20\" is not a length of time of at most a year, as in \"30s\"",
        ),
        ("[limits]\noutbox_time = 20", "line 2, column 15", "invalid type: integer `20`"),
        ("[sb]\nalone = \"5 m\"", "line 2, column 9", "\"5 m\" is not a length of time"),
        (
            "[store]\nurl = \"mysql://localhost/msnp\"",
            "line 2, column 7",
            "a store is written sqlite:data/msnp.db or postgres://",
        ),
        ("[bus]\nurl = \"nats://\"", "line 2, column 7", "the NATS servers are written nats://user:password@host"),
        ("[bus]\nurl = \"tcp\"", "line 2, column 7", "\"tcp\" is not the address of a bus"),
        (
            "[ds]\nlisten = \"localhost:1863\"",
            "line 2, column 10",
            "expected an IP address and a port, as in 0.0.0.0:1863",
        ),
        ("[sb]\npublic = \"chat.example.com\"", "line 2, column 10", "expected host:port, as in chat.example.com:1863"),
        ("[web]\npublic = \"http://a\"", "line 2, column 10", "expected a host, or host:port"),
        ("[web]\nlisten = \"8080\"", "line 2, column 10", "expected an IP address and a port"),
        ("[web]\ntrusted_proxies = [\"me\"]", "line 2, column 20", "invalid IP address"),
        ("[log]\nformat = \"xml\"", "line 2, column 10", "expected `text` or `json`"),
        ("[ns]\nweight = -1", "line 2, column 10", "-1"),
        ("[ns]\nmd5_sign_in = \"yes\"", "line 2, column 15", "expected a boolean"),
        ("[ns\n", "line 1, column 4", "expected `]`"),
    ] {
        let said = mistake(text);
        assert!(said.contains(place) && said.contains(sentence), "{text}\n{said}");
    }
}

#[test]
fn a_password_is_not_repeated() {
    for url in ["postgres://msnp:hunter2@db:port/msnp", "postgre://msnp:hunter2@db/msnp"] {
        let said = mistake(&format!("[store]\nurl = \"{url}\""));
        assert!(said.contains("line 2, column 7") && !said.contains("hunter2"), "{said}");
    }
}

#[test]
fn a_value_out_of_its_range_is_explained() {
    for (text, sentence) in [
        ("[ns]\ngroups = 31", "[ns] groups must be from 1 to 30"),
        ("[ns]\ngroups = 0", "[ns] groups must be from 1 to 30"),
        ("[ns]\nweight = 0", "[ns] weight must be at least 1"),
        ("[sb]\nparticipants = 1", "[sb] participants must be at least 2"),
        (
            "[log]\nlevel = \"inof\"",
            "[log] level must be off, error, warn, info, debug or trace, or a filter such as info,wire=trace",
        ),
        ("[limits]\noutbox_bytes = 16383", "[limits] outbox_bytes must be at least 16384"),
        ("[client]\ninfo_url = \"\"", "the [client] addresses must not be empty, nor hold blanks"),
        ("[client]\ninfo_url = \"http://a b/\"", "the [client] addresses must not be empty, nor hold blanks"),
        ("[sb]\nalone = \"0s\"", "[sb] alone must not be 0"),
        ("[web.tls]\nkey = \"a.pem\"", "[web.tls] certificate and key must both be set, or neither"),
        ("[web]\nbody_bytes = 16383", "[web] body_bytes must be at least 16384"),
        ("[web]\nheader_bytes = 4095", "[web] header_bytes must be at least 4096"),
        ("[web.gateway]\nbuffer = 1", "[web.gateway] buffer must be at least 16384"),
        ("[web]\nticket_time = \"0s\"", "[web] ticket_time must not be 0"),
        ("[limits]\nsign_in_commands = 0", "[limits] sign_in_commands must not be 0"),
    ] {
        assert_eq!(mistake(text), format!("the configuration FILE cannot be used: {sentence}"), "{text}");
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = anyhow::Error::from(Config::read(Path::new("/nowhere/msnpd.toml")).expect_err("not there"));
    assert_eq!(
        format!("{error:#}"),
        "cannot read the configuration /nowhere/msnpd.toml: No such file or directory (os error 2)"
    );
}

#[test]
fn an_empty_public_address_is_unset() {
    let public = |text: &str| {
        let config: Config = toml::from_str(&format!("[ns]\npublic = \"{text}\"")).expect(text);
        config.ns.public.map(|public| public.to_string())
    };
    assert_eq!(public(""), None);
    assert_eq!(public("chat.example.com:1864").as_deref(), Some("chat.example.com:1864"));
    assert_eq!(public("[2001:db8::1]:1864").as_deref(), Some("[2001:db8::1]:1864"));
}

#[test]
fn the_web_daemon_can_be_switched_off() {
    let listen = |text: &str| toml::from_str::<Config>(&format!("web.listen = \"{text}\"")).expect(text).web.listen;
    assert_eq!(listen(""), None);
    assert_eq!(listen("[::]:80").map(|address| address.to_string()).as_deref(), Some("[::]:80"));
}

#[test]
fn the_example_of_a_cluster_can_be_used() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/cluster.toml");
    let config = Config::read(&path).unwrap();
    assert_eq!(config.bus.called(), "msn1");
    assert!(matches!(config.bus.url, bus::BusUrl::Nats(_)));
}
