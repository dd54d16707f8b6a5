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

/// A web daemon that answers each request by its first line, which must be among these.
async fn web(answers: &'static [(&'static str, &'static str)]) -> (String, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let server = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut bytes = vec![0; 4096];
                while let Ok(length @ 1..) = stream.read(&mut bytes).await {
                    let request = String::from_utf8_lossy(&bytes[..length]).into_owned();
                    let answer = answers.iter().find(|(line, _)| request.starts_with(line));
                    let (_, answer) = answer.unwrap_or_else(|| panic!("{request}"));
                    stream.write_all(answer.as_bytes()).await.expect("sent");
                }
            });
        }
    });
    (address, server)
}

fn run_with_web(text: &str, answers: &'static [(&'static str, &'static str)]) -> Result<Played, Failure> {
    let script = Script::parse("x.msnp", text).expect("a script");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (address, server) = web(answers).await;
        let options = TcpOptions { web: Some(address), ..options("127.0.0.1:1".to_owned()) };
        let result = play(&script, &mut TcpStage::new(options)).await;
        server.abort();
        result
    })
}

const NEXUS: (&str, &str) = (
    "GET /rdr/pprdr.asp HTTP/1.1\r\nHost: nexus.passport.com\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\
     PassportURLs: DARealm=P,DALogin=login.example.net/login2.srf,DAReg=x\r\n\r\n",
);
const LOGIN: (&str, &str) = (
    "GET /login2.srf HTTP/1.1\r\nAuthorization: Passport1.4 OrgVerb=GET,\
     OrgURL=http%3A%2F%2Fmessenger%2Emsn%2Ecom,sign-in=a%40x.y,pwd=p%2Cw,lc=1,id=2\r\n",
    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\
     Authentication-Info: Passport1.4 da-status=success,tname=MSPAuth,from-PP='t=5kQ$$&p=7'\r\n\r\n",
);

#[test]
fn plays_http() {
    let text = "a.web connects web\na.web > GET /rdr/pprdr.asp HTTP/1.1\n| Host: nexus.passport.com\n|\n\
                a.web < HTTP/1.1 200 OK\n|~ PassportURLs: DARealm={_},DALogin={host}/{path},DAReg={_*}\n|\n\
                a.web > GET /{path} HTTP/1.1\n| Authorization: Passport1.4 OrgVerb=GET,\
                OrgURL=http%3A%2F%2Fmessenger%2Emsn%2Ecom,sign-in=a%40x.y,pwd=p%2Cw,lc=1,id=2\n| Host: {host}\n|\n\
                a.web < HTTP/1.1 200 OK\n|~ Content-Length: {len}\n|~ Authentication-Info: {...}from-PP='{ticket}'\n|";
    assert_eq!(run_with_web(text, &[NEXUS, LOGIN]), Ok(Played::Passed));
    let failure = run_with_web(&text.replace("PassportURLs", "Passporturls"), &[NEXUS, LOGIN]).expect_err("spelling");
    assert_eq!(failure.line, 5);
    let text = "a.web connects web\na.web >raw \"GET /\\r\\n\\r\\n\"\na.web < HTTP/1.1 200 OK\n|*";
    let failure = run_with_web(text, &[("GET /", "HTTP/1.1 200 OK\r\n\r\n")]).expect_err("no length");
    assert_eq!(&*failure.came, "no HTTP answer that a client could read: it has no Content-Length");
    assert_eq!(run("a.web connects web", ""), Ok(Played::Skipped("needs a web daemon".to_owned())));
}

#[test]
fn fetches_a_ticket_over_http() {
    let play = |answers| {
        let text = "account a@x.y password=p,w\na.web connects web\na.web > GET / HTTP/1.1\n|\n\
                    a.web < HTTP/1.1 200 {c}\n|*\na.ns fetches {t} for {c}\na.web > GET /{t} HTTP/1.1\n|\n\
                    a.web < HTTP/1.1 204 {_*}\n|*";
        run_with_web(text, answers)
    };
    const CHALLENGE: (&str, &str) = ("GET / HTTP/1.1", "HTTP/1.1 200 lc=1,id=2\r\nContent-Length: 0\r\n\r\n");
    const TICKET: (&str, &str) = ("GET /t=5kQ$$&p=7 HTTP/1.1", "HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n");
    const REFUSED: (&str, &str) = (LOGIN.0, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(play(&[CHALLENGE, NEXUS, LOGIN, TICKET]), Ok(Played::Passed));
    let failure = play(&[CHALLENGE, NEXUS, REFUSED]).expect_err("no ticket");
    assert!(failure.came.contains("HTTP/1.1 401 Unauthorized"), "{failure}");
}
