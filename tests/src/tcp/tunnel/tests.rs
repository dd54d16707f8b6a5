//! Plays through a gateway of a few lines.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::{Failure, Played, Script, TcpOptions, TcpStage, play};

/// Reads a request: its first line and its body.
async fn request(stream: &mut TcpStream, buffer: &mut BytesMut) -> Option<(String, String)> {
    loop {
        let text = String::from_utf8_lossy(buffer).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .split_once("Content-Length: ")
                .map_or(0, |(_, after)| after.lines().next().and_then(|line| line.parse().ok()).expect("a length"));
            if body.len() >= length {
                buffer.advance(head.len() + 4 + length);
                let line = head.lines().next().unwrap_or_default();
                let line = line.replace("http://gateway.messenger.hotmail.com/gateway/gateway.dll", "");
                return Some((line, body[..length].to_owned()));
            }
        }
        if stream.read_buf(buffer).await.expect("a request") == 0 {
            return None;
        }
    }
}

/// What the gateway waits for, and what it answers: the header's value and the body.
type Exchange = (&'static str, &'static str, &'static str, &'static str);

/// Plays `text` through a gateway that knows these exchanges, and after them only empty answers.
fn run(text: &str, exchanges: &[Exchange]) -> (Result<Played, Failure>, Vec<String>) {
    let script = Script::parse("x.msnp", text).expect("a script");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut exchanges: VecDeque<Exchange> = exchanges.iter().copied().collect();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let web = listener.local_addr().expect("an address").to_string();
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a client");
            let mut buffer = BytesMut::new();
            while let Some((line, body)) = request(&mut stream, &mut buffer).await {
                let (header, answer) = match exchanges.front() {
                    Some(&(expected, sent, header, answer)) if line == expected && body == sent => {
                        exchanges.pop_front();
                        (header, answer)
                    }
                    _ => ("SessionID=1.9; GW-IP=h", ""),
                };
                tell.send(line).expect("somebody listens");
                let length = answer.len();
                let head = format!(
                    "HTTP/1.1 200 OK\r\nX-MSN-Messenger: {header}\r\n\
                     Content-Type: application/x-msn-messenger\r\nContent-Length: {length}\r\n\r\n"
                );
                stream.write_all(format!("{head}{answer}").as_bytes()).await.expect("sent");
            }
        });
        let options = TcpOptions {
            name: "gateway",
            web: Some(web),
            through_gateway: true,
            patience: Duration::from_millis(500),
            silence: Duration::from_millis(20),
            ..TcpOptions::new("127.0.0.1:1")
        };
        let result = play(&script, &mut TcpStage::new(options)).await;
        server.abort();
        let mut lines = Vec::new();
        while let Ok(line) = told.try_recv() {
            lines.push(line);
        }
        (result, lines)
    })
}

const OPEN: &str = "POST ?Action=open&Server=NS&IP=messenger.hotmail.com HTTP/1.1";

#[test]
fn opens_sends_polls_and_sees_the_end() {
    let text = "a.ns connects messenger.hotmail.com:1863\na.ns > VER 1 MSNP9\na.ns < VER 1 MSNP9\na.ns > PNG\na.ns < QNG 50\n\
                silence a.ns\na.ns > OUT\na.ns closed\na.ns > into the void\na.ns closed";
    let (result, lines) = run(
        text,
        &[
            (OPEN, "VER 1 MSNP9\r\n", "SessionID=1.2; GW-IP=192.0.2.40", "VER 1 MS"),
            ("POST ?Action=poll&SessionID=1.2 HTTP/1.1", "", "SessionID=1.3; GW-IP=192.0.2.40", "NP9\r\n"),
            ("POST ?SessionID=1.3 HTTP/1.1", "PNG\r\n", "SessionID=1.4; GW-IP=192.0.2.40", ""),
            ("POST ?Action=poll&SessionID=1.4&Lifespan=1 HTTP/1.1", "", "SessionID=1.5; GW-IP=h", "QNG 50\r\n"),
            ("POST ?Action=poll&SessionID=1.5 HTTP/1.1", "", "SessionID=1.6; GW-IP=h", ""),
            ("POST ?SessionID=1.6 HTTP/1.1", "OUT\r\n", "SessionID=1.7; GW-IP=h; Session=close", ""),
        ],
    );
    assert_eq!(result, Ok(Played::Passed));
    assert_eq!(lines.len(), 6, "{lines:?}");
}

#[test]
fn what_comes_with_the_end_is_received_before_it() {
    let text = "a.sb connects 192.0.2.7:1865\na.sb > USR 1 x\na.sb < 911 1\na.sb closed";
    let open = "POST ?Action=open&Server=SB&IP=192.0.2.7 HTTP/1.1";
    let (result, _) = run(text, &[(open, "USR 1 x\r\n", "SessionID=7.1; GW-IP=h; Session=close", "911 1\r\n")]);
    assert_eq!(result, Ok(Played::Passed));
}

#[test]
fn a_connection_that_only_listens_is_opened_without_a_command() {
    let (result, lines) = run("a.ns connects 192.0.2.7:1864\nsilence a.ns", &[]);
    assert_eq!(result, Ok(Played::Passed));
    assert_eq!(lines[0], "POST ?Action=open&Server=NS&IP=192.0.2.7 HTTP/1.1");
}

#[test]
fn headers_that_a_client_would_stumble_over() {
    for (header, problem) in [
        ("SessionID=12; GW-IP=h", "not two numbers"),
        ("SessionID=1.x; GW-IP=h", "not two numbers"),
        ("GW-IP=h; SessionID=1.2", "no `SessionID=`"),
        ("SessionID=1.2", "no `GW-IP=`"),
        ("SessionID=1.2;GW-IP=h", "not two numbers"),
        ("SessionID=1.2; GW-IP=", "no `GW-IP=`"),
        ("SessionID=1.2; GW-IP=h; Session=open", "more than"),
    ] {
        let (result, _) = run(
            "a.ns connects messenger.hotmail.com:1863\na.ns > PNG\na.ns < QNG",
            &[(OPEN, "PNG\r\n", header, "QNG\r\n")],
        );
        let failure = result.expect_err(header);
        assert!(failure.came.contains(problem), "{header}: {failure}");
    }
}

#[test]
fn scripts_in_which_clients_hang_up_are_skipped() {
    let (result, lines) = run("a.ns connects messenger.hotmail.com:1863\na.ns > PNG\na.ns drops", &[]);
    assert_eq!(result, Ok(Played::Skipped("needs a server that sees its clients hang up".to_owned())));
    assert!(lines.is_empty());
}
