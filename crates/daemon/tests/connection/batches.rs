//! What one event says to many is written to each of them once.

use daemon::Terms;
use daemon::link::batch;
use std::io;
use std::time::Duration;

use crate::toy::{Ground, TERMS};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_written_once_to_each() {
    let mut ground = Ground::new(TERMS);
    let mut guests = [ground.guest().await, ground.guest().await, ground.guest().await];
    for round in 0..20 {
        batch(|| {
            for number in 0..10 {
                for guest in &guests {
                    assert!(guest.link().send(format!("NLN {round}.{number}\r\n").as_bytes()));
                }
            }
            // One in another belongs to it.
            batch(|| assert!(guests[0].link().send(b"NLN inner\r\n")));
            std::thread::sleep(Duration::from_millis(2));
            for guest in &guests {
                let early = guest.stream.try_read(&mut [0; 100]);
                assert!(early.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock), "nothing before the end");
            }
        });
        let all: String = (0..10).map(|number| format!("NLN {round}.{number}\r\n")).collect();
        assert_eq!(guests[0].hears_at_once().await, format!("{all}NLN inner\r\n"));
        assert_eq!(guests[1].hears_at_once().await, all);
        assert_eq!(guests[2].hears_at_once().await, all);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_panics_is_written_and_over() {
    let mut ground = Ground::new(TERMS);
    let mut guest = ground.guest().await;
    let link = guest.link();
    let panics = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        batch(|| {
            link.send(b"NLN before\r\n");
            panic!("on purpose");
        });
    }));
    assert!(panics.is_err());
    guest.hears("NLN before\r\n").await;
    assert!(link.send(b"NLN after\r\n"));
    guest.hears("NLN after\r\n").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_may_send_to_one_at_the_same_time() {
    let mut ground = Ground::new(Terms { outbox: 1 << 30, ..TERMS });
    let mut guest = ground.guest().await;
    let senders: Vec<_> = (0..4)
        .map(|sender| {
            let link = guest.link();
            std::thread::spawn(move || {
                for number in 0..2000 {
                    let say = || assert!(link.send(format!("NLN {sender} {number}\r\n").as_bytes()));
                    if number % 2 == 0 { batch(say) } else { say() }
                }
            })
        })
        .collect();
    let mut heard = String::new();
    while heard.lines().count() < 8000 || !heard.ends_with('\n') {
        heard += &guest.hears_at_once().await;
    }
    for sender in senders {
        sender.join().expect("sent");
    }
    for sender in 0..4 {
        let start = format!("NLN {sender} ");
        let numbers = heard.lines().filter_map(|line| line.strip_prefix(&start)?.parse::<usize>().ok());
        assert!(numbers.eq(0..2000), "whole and in order");
    }
}
