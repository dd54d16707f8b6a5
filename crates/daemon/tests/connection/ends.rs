//! How connections end: by the client, by the server, by a stop.

use daemon::Terms;
use std::io;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::toy::{Ground, LONG, TERMS};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_is_seen_off_once() {
    let mut ground = Ground::new(TERMS);
    drop(ground.stranger().await);
    ground.has_seen_off(1).await;
    let mut guest = ground.guest().await;
    guest.says("LAT 1\r\n").await;
    let link = guest.link();
    drop(guest);
    ground.gate.add_permits(1);
    ground.has_seen_off(2).await;
    assert!(!link.send(b"NLN too late\r\n"));
    assert!(link.closed().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn last_words_arrive_although_input_is_unread() {
    let mut ground = Ground::new(TERMS);
    for round in 1..=20 {
        let mut guest = ground.guest().await;
        let unread = "PNG never\r\n".repeat(20_000);
        guest.says(&format!("PNG 1\r\nBYE 2\r\n{unread}")).await;
        assert_eq!(guest.hears_to_the_end().await, "QNG 1\r\nBYE 2\r\n");
        drop(guest);
        ground.has_seen_off(round).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn last_words_behind_much_that_waits_arrive() {
    let mut ground = Ground::new(Terms { outbox: 1 << 30, ..TERMS });
    let mut guest = ground.guest().await;
    let count = 16 << 20;
    assert!(guest.link().send(&vec![b'x'; count]));
    guest.says("BYE 1\r\n").await;
    ground.has_seen_off(1).await;
    let heard = guest.hears_to_the_end().await;
    assert_eq!(heard.len(), count + 7);
    assert!(heard.ends_with("BYE 1\r\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_never_closes_is_cut_after_its_last_words() {
    let mut ground = Ground::new(TERMS);
    let mut guest = ground.guest().await;
    guest.says("BYE 1\r\n").await;
    assert_eq!(guest.hears_to_the_end().await, "BYE 1\r\n");
    let gone = async {
        while ground.shutdown.open() > 0 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(LONG, gone).await.expect("it does not wait for ever");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_ends_strangers_and_a_cut_all() {
    let mut ground = Ground::new(TERMS);
    let (mut stranger, mut guest, mut busy) = (ground.stranger().await, ground.guest().await, ground.guest().await);
    busy.says("LAT 1\r\n").await;
    ground.shutdown.stop();
    assert_eq!(stranger.hears_to_the_end().await, "");
    drop(stranger);
    guest.says("PNG 1\r\n").await;
    guest.hears("QNG 1\r\n").await;
    busy.hears_nothing().await;
    let refused = TcpStream::connect(ground.address).await;
    assert!(refused.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused));
    assert_eq!(ground.shutdown.open(), 2);

    let shutdown = ground.shutdown.clone();
    let patience = Duration::from_millis(200);
    let began = Instant::now();
    let drain = tokio::spawn(async move { shutdown.drain(patience).await });
    for mut guest in [guest, busy] {
        assert_eq!(guest.hears_to_the_end().await, "");
        assert!(began.elapsed() >= patience, "they have a while");
    }
    drain.await.expect("drained");
    assert_eq!(ground.shutdown.open(), 0);
    ground.has_seen_off(3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_does_not_wait_when_all_are_gone() {
    let mut ground = Ground::new(TERMS);
    drop(ground.guest().await);
    ground.shutdown.stop();
    let began = Instant::now();
    ground.shutdown.drain(LONG).await;
    assert!(began.elapsed() < LONG / 2);
    assert_eq!(ground.shutdown.open(), 0);
}
