//! What waits for a client that does not read, and what becomes of it.

use daemon::Terms;
use daemon::link::Closed;
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt as _;
use tokio::time::{sleep, timeout};

use crate::toy::{Ground, LONG, MOMENT, TERMS};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_read_is_closed_when_too_much_waits() {
    let mut ground = Ground::new(TERMS);
    let mut guest = ground.guest().await;
    let link = guest.link();
    let news = vec![b'x'; 1024];
    // Whatever the system buffers, at last the outbox is full.
    let sent = (0..64 * 1024).take_while(|_| link.send(&news)).count();
    assert!(sent > 32 && sent < 64 * 1024, "{sent}");
    assert_eq!(link.closed(), Some(Closed::Overflow));
    assert!(!link.send(b"NLN more\r\n"));
    drop(link);
    ground.has_seen_off(1).await;
    let heard = guest.hears_to_the_end().await;
    // What waited is lost: the outbox, and the first that it waited behind.
    let waited = TERMS.outbox + news.len();
    assert!((sent * 1024 - waited..=sent * 1024).contains(&heard.len()), "{sent} KiB and {}", heard.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_read_is_closed_when_something_waits_too_long() {
    let outbox_time = Duration::from_millis(200);
    let mut ground = Ground::new(Terms { outbox: 1 << 30, outbox_time, ..TERMS });
    let mut guest = ground.guest().await;
    let began = Instant::now();
    let news = vec![b'x'; 32 << 20];
    assert!(guest.link().send(&news), "it fits");
    ground.has_seen_off(1).await;
    assert!(began.elapsed() >= outbox_time);
    // It still gets what waits, if it reads now.
    assert_eq!(guest.hears_to_the_end().await.len(), news.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_is_written_when_the_client_reads_again() {
    let mut ground = Ground::new(Terms { outbox: 1 << 30, ..TERMS });
    let mut guest = ground.guest().await;
    let count = 16 << 20;
    assert!(guest.link().send(&vec![b'x'; count]));
    assert!(guest.link().send(b"NLN behind\r\n"));
    sleep(MOMENT).await;
    let mut heard = vec![0; count];
    timeout(LONG, guest.stream.read_exact(&mut heard)).await.expect("in time").expect("open");
    guest.hears("NLN behind\r\n").await;
    guest.says("PNG 1\r\n").await;
    guest.hears("QNG 1\r\n").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_may_be_larger_than_the_outbox() {
    let mut ground = Ground::new(TERMS);
    let mut guest = ground.guest().await;
    let count = TERMS.outbox * 3;
    guest.says(&format!("BIG {count}\r\nBIG {count}\r\nPNG 1\r\n")).await;
    let mut heard = vec![0; count * 2];
    timeout(LONG, guest.stream.read_exact(&mut heard)).await.expect("in time").expect("open");
    guest.hears("QNG 1\r\n").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn news_behind_a_large_answer_has_the_whole_outbox() {
    let mut ground = Ground::new(TERMS);
    let mut guest = ground.guest().await;
    let link = guest.link();
    // More than the system buffers, so that some of it waits.
    let count = 32 << 20;
    assert!(link.send(&vec![b'x'; count]));
    let news = vec![b'y'; TERMS.outbox];
    assert!(link.send(&news) && link.closed().is_none());
    let mut heard = vec![0; count + news.len()];
    timeout(LONG, guest.stream.read_exact(&mut heard)).await.expect("in time").expect("open");
    guest.says("PNG 1\r\n").await;
    guest.hears("QNG 1\r\n").await;

    assert!(link.send(&vec![b'x'; count]), "it has kept up");
    let refused = (0..count).find(|_| !link.send(&news)).expect("it does not any more");
    assert!(refused <= 32 * 1024, "{refused}");
    assert_eq!(link.closed(), Some(Closed::Overflow));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_told_more_than_it_sees_is_closed() {
    let mut ground = Ground::new(TERMS);
    let mut guest = ground.guest().await;
    guest.says("PNG 1\r\nLAT 2\r\n").await;
    guest.hears("QNG 1\r\n").await;
    for _ in 0..1024 {
        guest.link().notify(Some("RNG\r\n"));
    }
    guest.hears_nothing().await;
    guest.link().notify(Some("RNG\r\n"));
    assert_eq!(guest.hears_to_the_end().await, "");
    ground.has_seen_off(1).await;
}
