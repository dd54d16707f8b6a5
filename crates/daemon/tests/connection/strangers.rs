//! Those who have yet to prove who they are have little time and little to say.

use daemon::Terms;
use std::time::{Duration, Instant};

use crate::toy::{Ground, TERMS};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_has_a_while() {
    let stranger_time = Duration::from_millis(150);
    let mut ground = Ground::new(Terms { stranger_time, ..TERMS });
    let mut guest = ground.guest().await;
    for said in ["", "PN", "PNG 1\r\n", "LAT 1\r\n"] {
        let began = Instant::now();
        let mut stranger = ground.stranger().await;
        stranger.says(said).await;
        let heard = stranger.hears_to_the_end().await;
        assert_eq!(heard, if said.starts_with("PNG 1") { "QNG 1\r\n" } else { "" }, "{said:?}");
        assert!(began.elapsed() >= stranger_time, "{said:?}");
    }
    guest.says("PNG 2\r\n").await;
    guest.hears("QNG 2\r\n").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_has_a_few_commands() {
    let mut ground = Ground::new(Terms { stranger_commands: 3, ..TERMS });
    let mut stranger = ground.stranger().await;
    stranger.says("PNG 1\r\nPNG 2\r\nPNG 3\r\nPNG 4\r\nPNG 5\r\n").await;
    assert_eq!(stranger.hears_to_the_end().await, "QNG 1\r\nQNG 2\r\nQNG 3\r\n");

    let mut guest = ground.stranger().await;
    guest.says("PNG 1\r\nPNG 2\r\nUSR 3\r\nPNG 4\r\nPNG 5\r\n").await;
    guest.hears("QNG 1\r\nQNG 2\r\nUSR 3\r\nQNG 4\r\nQNG 5\r\n").await;
    guest.hears_nothing().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_has_a_few_bytes() {
    let mut ground = Ground::new(Terms { stranger_bytes: 20, ..TERMS });
    let mut stranger = ground.stranger().await;
    stranger.says("PNG 1\r\n\r\nPNG 2\r\nPNG 3\r\n").await;
    assert_eq!(stranger.hears_to_the_end().await, "QNG 1\r\nQNG 2\r\n");

    let mut guest = ground.stranger().await;
    guest.says("USR 0\r\nMSG 20 20\r\n12345678901234567890").await;
    guest.hears("USR 0\r\nMSG 20 20\r\n12345678901234567890").await;
}
