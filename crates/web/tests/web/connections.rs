//! Requests one after the other, cut, slow, too long; and the end.

use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt as _;

use crate::place::{Place, header};

const CONFIG: &str = "GET /Config/MsgrConfig.asmx HTTP/1.1\r\nHost: a\r\n\r\n";
const ROOT: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

#[tokio::test]
async fn a_connection_goes_on() {
    let place = Place::new().await;
    let mut wire = place.connect().await;
    for _ in 0..3 {
        wire.send(CONFIG).await;
        let answer = wire.answer().await;
        assert!(answer.ends_with("</MsgrConfig>"), "{answer}");
        assert_eq!(header(&answer, "Connection"), Some("Keep-Alive"));
    }
    // Several at once are answered in order.
    let body = "passporturls: x\r\n\r\nGET / HTTP/1.1";
    let post = format!("POST /rst.srf HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    wire.send(
        [CONFIG, &post, ROOT, "GET /none HTTP/1.1\r\n\r\n", "GET /rdr/pprdr.asp HTTP/1.1\r\n\r\n", ROOT].concat(),
    )
    .await;
    for part in ["</MsgrConfig>", "wst:InvalidRequest", "Content-Length: 0", "HTTP/1.1 404 Not Found", "PassportURLs: "]
    {
        let answer = wire.answer().await;
        assert!(answer.contains(part), "{part}: {answer}");
    }
    assert_eq!(wire.rest().await, "", "the nexus closes");

    let old = "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n";
    let mut wire = place.connect().await;
    for _ in 0..2 {
        wire.send(old).await;
        assert_eq!(header(&wire.answer().await, "Connection"), Some("Keep-Alive"));
    }
}

#[tokio::test]
async fn a_request_may_come_in_pieces() {
    let place = Place::new().await;
    let mut wire = place.connect().await;
    wire.0.set_nodelay(true).unwrap();
    for byte in "POST /rst.srf HTTP/1.1\r\nContent-Length: 4\r\n\r\n<a/>".bytes() {
        wire.send([byte]).await;
        tokio::task::yield_now().await;
    }
    assert!(wire.answer().await.contains("wst:InvalidRequest"));
}

#[tokio::test]
async fn some_wait_for_a_word_before_they_send() {
    let place = Place::new().await;
    let mut wire = place.connect().await;
    wire.send("POST /rst.srf HTTP/1.1\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n").await;
    assert_eq!(wire.answer().await, "HTTP/1.1 100 Continue\r\n\r\n");
    wire.send("<a/>").await;
    assert!(wire.answer().await.contains("wst:InvalidRequest"));
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_and_closed() {
    let place = Place::new().await;
    let long = format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "a".repeat(20_000));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(100));
    let body = format!("POST /rst.srf HTTP/1.1\r\nContent-Length: 200000\r\n\r\n{}", "x".repeat(200_000));
    for (request, status) in [
        ("nonsense\r\n\r\n", "400 Bad Request"),
        ("GET / HTTP/1.1\r\n bad\r\n\r\n", "400 Bad Request"),
        ("CONNECT example.com:80 HTTP/1.1\r\n\r\n", "400 Bad Request"),
        ("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", "400 Bad Request"),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "501 Not Implemented"),
        ("GET / HTTP/3.0\r\n\r\n", "505 HTTP Version Not Supported"),
        (&long, "431 Request Header Fields Too Large"),
        (&"a".repeat(20_000), "431 Request Header Fields Too Large"),
        (&many, "431 Request Header Fields Too Large"),
        (&body, "413 Payload Too Large"),
        ("POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n", "413 Payload Too Large"),
    ] {
        let mut wire = place.connect().await;
        wire.send(request).await;
        wire.send(ROOT).await;
        let answer = wire.rest().await;
        let what = &request[..request.len().min(80)];
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{what}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{what}: nothing behind it is served");
        assert_eq!((header(&answer, "Connection"), header(&answer, "Content-Length")), (Some("close"), Some("0")));
    }
}

#[tokio::test]
async fn slow_clients_are_cut() {
    let place = Place::with("web.header_time = \"300ms\"\nweb.body_time = \"300ms\"\nweb.idle_time = \"600ms\"").await;
    let within = |began: Instant, least: u64, what: &str| {
        let took = began.elapsed();
        assert!(took >= Duration::from_millis(least) && took < Duration::from_secs(5), "{what}: {took:?}");
    };
    let began = Instant::now();
    assert_eq!(place.ask("").await, "");
    within(began, 290, "nothing");

    // A line now and then does not prolong it.
    let mut wire = place.connect().await;
    wire.send("GET / HTTP/1.1\r\n").await;
    let mut lines = 0;
    while wire.0.write_all(b"A: b\r\n").await.is_ok() {
        lines += 1;
        assert!(lines < 100, "it is not cut");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    let began = Instant::now();
    let mut wire = place.connect().await;
    wire.send("GET / HTTP/1.1\r\n").await;
    assert!(wire.rest().await.starts_with("HTTP/1.1 408 Request Timeout\r\n"));
    within(began, 290, "the head");

    let began = Instant::now();
    let mut wire = place.connect().await;
    wire.send("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nabcd").await;
    assert!(wire.rest().await.starts_with("HTTP/1.1 408 Request Timeout\r\n"));
    within(began, 290, "the body");

    let began = Instant::now();
    let mut wire = place.connect().await;
    wire.send(ROOT).await;
    wire.answer().await;
    assert_eq!(wire.rest().await, "");
    within(began, 590, "the next request");
}

#[tokio::test]
async fn a_stop_ends_connections_that_wait_and_closes_the_door() {
    let place = Place::new().await;
    let address = place.address;
    let mut idle = place.connect().await;
    idle.send(ROOT).await;
    idle.answer().await;
    let mut begun = place.connect().await;
    begun.send("GET / HTTP/1.1\r\n").await;
    // So that it is accepted and read.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let began = Instant::now();
    let stopping = tokio::spawn(place.stop());
    assert_eq!(idle.rest().await, "");
    begun.send("\r\n").await;
    let answer = begun.rest().await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && header(&answer, "Connection") == Some("close"), "{answer}");
    drop((idle, begun));
    stopping.await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
