//! The stage over real sockets, against a few lines of server.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::{Played, Script, play};

fn options(ds: String) -> TcpOptions {
    TcpOptions {
        patience: Duration::from_secs(2),
        silence: Duration::from_millis(50),
        time_scale: 1000.0,
        ..TcpOptions::new(ds)
    }
}

fn run(text: &str, answer: &'static str) -> Result<Played, Failure> {
    let script = Script::parse("x.msnp", text).expect("a script");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a client");
            let mut bytes = [0; 64];
            while let Ok(1..) = stream.read(&mut bytes).await {
                let _ = stream.write_all(answer.as_bytes()).await;
                if bytes.starts_with(b"OUT") {
                    return;
                }
            }
        });
        let result = play(&script, &mut TcpStage::new(options(address))).await;
        server.abort();
        result
    })
}

#[test]
fn plays_over_sockets() {
    let text = "a.ns connects ds\na.ns > PNG\na.ns < QNG\nsilence a.ns\nwait 5s\na.ns > OUT\na.ns < QNG\na.ns closed";
    assert_eq!(run(text, "QNG\r\n"), Ok(Played::Passed));
    assert_eq!(run("a.ns connects ds\na.ns > PNG\na.ns < QNG\na.ns resets", "QNG\r\n"), Ok(Played::Passed));
    let failure = run("a.ns connects ds\na.ns > PNG\na.ns < QNG", "QNG\r\nQNG\r\n").expect_err("leftover output");
    assert_eq!((&*failure.statement, &*failure.came), ("(end of the play)", "QNG"));
    let failure = run("a.ns connects 127.0.0.1:1", "").expect_err("no server there");
    assert!(failure.came.starts_with("cannot connect to 127.0.0.1:1: "), "{failure}");
}

#[test]
fn what_cannot_be_arranged_is_named() {
    let needs =
        |text: &str, by_protocol| unarranged(&Script::parse("x.msnp", text).expect("a script").cast, by_protocol);
    assert_eq!(needs("account a@x.y verified=yes", false), None);
    assert_eq!(
        needs("account a@x.y verified=no\nconfig a = 1", true).as_deref(),
        Some("config a = 1, a@x.y verified=no")
    );
    assert_eq!(needs("account a@x.y phone.home=1", true), None);
    let contacts = "account a@x.y\ncontact a@x.y a@x.y FL";
    assert_eq!(needs(contacts, false).as_deref(), Some("contacts or groups before the play"));
    assert_eq!(needs(contacts, true), None);
}
