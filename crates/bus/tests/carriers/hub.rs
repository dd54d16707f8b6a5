//! What only the hub does: it keeps strangers out, and outlives its host.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bus::{Address, Bus, BusError, BusUrl, Notice, Request, Response, Secret};
use model::{NodeId, Role, UserId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Runtime;

use crate::ground::{Ground, NEVER, QUICK, Recorder, email, eventually, flushed, ids, note};

#[tokio::test]
async fn another_secret_is_refused() {
    for ground in [Ground::tcp(), Ground::unix()] {
        let (a, _) = ground.daemon(1, Role::Notification).await;
        let error = Bus::open(&ground.url, Secret::random()).await.unwrap_err();
        assert!(matches!(error, BusError::WrongSecret { .. }), "{error}");
        assert!(error.to_string().contains(&ground.url.to_string()), "{error}");
        assert_eq!(ids(&a.members()), [1]);
    }
}

#[tokio::test]
async fn a_stranger_is_cut_off() {
    let ground = Ground::tcp();
    let BusUrl::HubTcp(address) = ground.url else { unreachable!() };
    let (a, _) = ground.daemon(1, Role::Notification).await;
    let long = [0, 0x20, 0, 0];
    let nonsense = b"\0\0\0\x0eGET / HTTP/1.1";
    for bytes in [&long[..], &nonsense[..]] {
        let mut stranger = tokio::net::TcpStream::connect(address).await.unwrap();
        stranger.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        // Closed with or without a reset, but at once and without a word.
        let _ = tokio::time::timeout(Duration::from_secs(1), stranger.read_to_end(&mut answer)).await.unwrap();
        assert!(answer.is_empty(), "{answer:?}");
    }
    flushed(&a).await;
}

#[tokio::test]
async fn what_is_no_hub_is_told() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = BusUrl::HubTcp(listener.local_addr().unwrap());
    let other = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"220 mail.example.com ESMTP\r\n").await.unwrap();
        assert_ne!(stream.read(&mut [0; 64]).await.unwrap(), 0);
        stream
    };
    let (opened, _stream) = tokio::join!(Bus::open(&url, Secret::random()), other);
    assert!(matches!(opened, Err(BusError::NotAHub { .. })));
}

#[tokio::test]
async fn what_is_too_large_is_not_sent() {
    let ground = Ground::unix();
    let (a, at_a) = ground.daemon(1, Role::Notification).await;
    let myself = Address::Node(NodeId(1));
    a.send(&myself, Notice::Unwatch { watcher: QUICK, targets: vec![UserId(i64::MAX); 200_000] });
    a.send(&myself, note(1));
    eventually("the next notice is there", || at_a.noticed() == 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_one_that_leaves_learns_it_at_once() {
    let ground = Ground::unix();
    let (a, _) = ground.daemon(1, Role::Notification).await;
    let (b, _) = ground.daemon(2, Role::Notification).await;
    let to = Address::Node(NodeId(2));
    let began = Instant::now();
    let leaves = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        drop(b);
    };
    let (asked, ()) = tokio::join!(a.request(&to, Request::TakeOver { user: NEVER }), leaves);
    assert!(matches!(asked, Err(BusError::Disconnected { .. })), "{asked:?}");
    assert!(began.elapsed() < Duration::from_millis(400));
}

#[test]
fn another_takes_over_when_the_host_dies() {
    for ground in [Ground::tcp(), Ground::unix()] {
        let (doomed, living) = (Runtime::new().unwrap(), Runtime::new().unwrap());
        let host = doomed.block_on(ground.daemon(1, Role::Dispatch));
        let ((b, at_b), (c, at_c), (_d, at_d)) = living.block_on(async {
            let all = (
                ground.daemon(2, Role::Notification).await,
                ground.daemon(3, Role::Notification).await,
                ground.daemon(4, Role::Switchboard).await,
            );
            (0..3_000).for_each(|i| all.0.0.hold(&email(&format!("user{i}"))));
            flushed(&all.0.0).await;
            eventually("all are there", || at_end(&all.0.1) == [1, 2, 3, 4]).await;
            all
        });
        let told = [&at_b, &at_c, &at_d].map(|at| at.shown().len());

        doomed.shutdown_background();
        living.block_on(async {
            let began = Instant::now();
            eventually("the connection is seen to be lost", || !c.is_connected()).await;
            // Both wait for the new hub: nothing here may say that nobody holds the user.
            c.send(&Address::User(email("user0")), note(1));
            let asked = c.request(&Address::User(email("user2999")), Request::TakeOver { user: QUICK }).await;
            assert_eq!(asked.unwrap(), Response::TakenOver);
            assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
            eventually("the notice is there", || at_b.noticed() == 1).await;
            for (at, told) in [&at_b, &at_c, &at_d].into_iter().zip(told) {
                eventually("all know that they are whole again", || at.healed.load(Ordering::SeqCst) == 1).await;
                assert_eq!(at.shown()[told..], [vec![2, 3, 4]], "only the host is gone");
            }
            b.release(&email("user0"));
            flushed(&b).await;
            let asked = c.request(&Address::User(email("user0")), Request::TakeOver { user: QUICK }).await;
            assert!(matches!(asked, Err(BusError::NoResponders { .. })));
        });
        drop(host);
    }
}

fn at_end(recorder: &Recorder) -> Vec<u64> {
    recorder.shown().pop().unwrap_or_default()
}

#[test]
fn the_others_count_as_gone_when_there_is_no_hub_for_long() {
    // Only the host's process can bind the address, the other one is left alone.
    let directory = tempfile::tempdir().unwrap();
    let ground = Ground::new(|_| BusUrl::HubUnix(directory.path().join("bus.sock")));
    let (doomed, living) = (Runtime::new().unwrap(), Runtime::new().unwrap());
    let _host = doomed.block_on(ground.daemon(1, Role::Notification));
    let (b, at_b) = living.block_on(ground.daemon(2, Role::Notification));
    directory.close().unwrap();
    doomed.shutdown_background();
    living.block_on(async {
        eventually("the connection is seen to be lost", || !b.is_connected()).await;
        let asked = b.request(&Address::Node(NodeId(1)), Request::TakeOver { user: QUICK }).await;
        assert!(matches!(asked, Err(BusError::Disconnected { .. })), "{asked:?}");
        assert_eq!(ids(&b.members()), [1, 2], "it may come back");
        eventually("the other is gone", || ids(&b.members()) == [2]).await;
        assert_eq!(at_b.shown().last(), Some(&vec![2]));
    });
}
