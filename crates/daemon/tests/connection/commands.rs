//! Commands: in order, in pieces, delayed, and while a question is open.

use daemon::Terms;
use logic::Rate;
use std::time::{Duration, Instant};
use tokio::time::sleep;

use crate::toy::{Ground, LONG, TERMS};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pipelined_commands_are_answered_in_order_and_in_one_write() {
    let mut ground = Ground::new(TERMS);
    let mut guest = ground.guest().await;
    // Often, since two writes may happen to be read as one.
    for round in 0..50 {
        let (mut said, mut expected) = (String::new(), String::new());
        for number in 0..20 {
            said += &format!("PNG {round}.{number}\r\nNOW {round}.{number}\r\n");
            expected += &format!("QNG {round}.{number}\r\nNOW {round}.{number}\r\n");
        }
        guest.says(&said).await;
        assert_eq!(guest.hears_at_once().await, expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_may_be_cut_at_any_byte() {
    let mut ground = Ground::new(TERMS);
    let mut guest = ground.guest().await;
    let said = "PNG 1\r\nMSG 2 6\r\na\r\nb\r\n\r\nNOW 3\r\nPNG 4\n";
    let heard = "QNG 1\r\nMSG 2 6\r\na\r\nb\r\nNOW 3\r\nQNG 4\r\n";
    for cut in 1..said.len() {
        let (first, second) = said.split_at(cut);
        guest.says(first).await;
        sleep(Duration::from_millis(3)).await;
        guest.says(second).await;
        guest.hears(heard).await;
    }
    for at in 0..said.len() {
        guest.says(&said[at..=at]).await;
        sleep(Duration::from_millis(1)).await;
    }
    guest.hears(heard).await;
    guest.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_question_is_open_commands_wait_and_news_does_not() {
    let mut ground = Ground::new(TERMS);
    let mut guest = ground.guest().await;
    guest.says("PNG 1\r\nLAT 2\r\nPNG 3\r\nPNG").await;
    guest.hears("QNG 1\r\n").await;
    guest.says(" 4\r\nLAT 5\r\nPNG 6\r\n").await;
    guest.hears_nothing().await;

    assert!(guest.link().send(b"NLN news\r\n"));
    guest.hears("NLN news\r\n").await;
    guest.link().notify(Some("RNG told\r\n"));
    guest.hears_nothing().await;

    ground.gate.add_permits(1);
    guest.hears("LAT 2\r\nQNG 3\r\nRNG told\r\nQNG 4\r\n").await;
    guest.hears_nothing().await;
    ground.gate.add_permits(1);
    guest.hears("LAT 5\r\nQNG 6\r\n").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_time_is_fed() {
    let mut ground = Ground::new(TERMS);
    let mut guest = ground.guest().await;
    let began = Instant::now();
    guest.says("TMO 50\r\n").await;
    guest.hears("TMO\r\n").await;
    assert!(began.elapsed() >= Duration::from_millis(50));
    guest.link().notify(None);
    assert_eq!(guest.hears_to_the_end().await, "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_without_end_closes() {
    let mut ground = Ground::new(TERMS);
    let mut guest = ground.guest().await;
    guest.says(&format!("PNG 1\r\nPNG {}", "x".repeat(200))).await;
    assert_eq!(guest.hears_to_the_end().await, "QNG 1\r\n");
    ground.has_seen_off(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_beyond_the_rate_are_delayed_and_not_lost() {
    let every = Duration::from_millis(150);
    let mut ground = Ground::new(Terms { commands: Rate { burst: 3, every }, ..TERMS });
    let mut guest = ground.guest().await;
    let began = Instant::now();
    guest.says("PNG 1\r\nPNG 2\r\nPNG 3\r\nPNG 4\r\nPNG 5\r\nLAT 6\r\nPN").await;
    assert_eq!(guest.hears_at_once().await, "QNG 1\r\nQNG 2\r\nQNG 3\r\n");
    assert!(guest.link().send(b"NLN news\r\n"), "news is not delayed");
    guest.hears("NLN news\r\n").await;
    guest.says("G 7\r\n").await;
    guest.hears("QNG 4\r\nQNG 5\r\n").await;
    ground.gate.add_permits(1);
    guest.hears("LAT 6\r\nQNG 7\r\n").await;
    let took = began.elapsed();
    assert!(took >= every * 4 && took < every * 4 + LONG / 2, "{took:?}");

    sleep(every * 4).await;
    guest.says("PNG 1\r\nPNG 2\r\nPNG 3\r\n").await;
    assert_eq!(guest.hears_at_once().await, "QNG 1\r\nQNG 2\r\nQNG 3\r\n", "it is full again");
}
