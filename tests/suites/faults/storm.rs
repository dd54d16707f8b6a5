//! Many people sign in with their passwords at once, each of which costs a slow hash. Those who talk
//! notice nothing, and the memory stays in its bounds.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::daemon::{Addresses, Daemon, EDITOR, PASSWORD, prepare};
use crate::programs;

/// Accounts that sign in, and threads that do it, one sign-in after the other.
const ACCOUNTS: usize = 16;
const THREADS: usize = 64;
/// What one slow hash takes, in bytes.
const HASH: u64 = 19 << 20;
/// Threads that compute them beside one for each core, and how many each may keep: what a thread freed, the
/// system's allocator leaves to it.
const MORE: u64 = 4;
const KEPT: u64 = 2;
/// What a daemon may take beside the hashes: as many sign-ins as there are threads, and their answers.
const BESIDE: u64 = 96 << 20;
/// The storm lasts for so many sign-ins, and so long, and no longer.
const SIGN_INS: u32 = 100;
const LEAST: Duration = Duration::from_secs(3);
const MOST: Duration = Duration::from_secs(60);
/// How long a message may take from one client to another: nine of ten, and each. Without a storm it
/// takes less than a millisecond; the machine of the test has other things to do, too.
const USUAL: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(2);

fn person(number: usize) -> String {
    format!("person{number}@example.com")
}

/// Asks the login server for a ticket. `None`: it says that it is busy.
fn ticket(web: SocketAddr, handle: &str) -> io::Result<Option<String>> {
    let mut stream = TcpStream::connect(web)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let request = format!(
        "GET /login2.srf HTTP/1.1\r\nAuthorization: Passport1.4 sign-in={handle},pwd={PASSWORD},lc=1033\r\n\
         Host: login.example.com\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let ticket = answer.split_once("from-PP='").and_then(|(_, rest)| rest.split_once('\''));
    match ticket {
        Some((ticket, _)) => Ok(Some(ticket.to_owned())),
        None if answer.starts_with("HTTP/1.1 503 ") => Ok(None),
        None => Err(io::Error::other(format!("no ticket: {answer}"))),
    }
}

/// Says something, and waits until the other has heard it; how long that took.
fn relay(speaker: &mut Client, hearer: &mut Client) -> Duration {
    let began = Instant::now();
    speaker.send("MSG {} U 5\r\nhello").unwrap();
    assert_eq!(hearer.message_from(EDITOR).unwrap(), "hello");
    began.elapsed()
}

#[test]
fn a_storm_of_sign_ins_neither_stalls_messages_nor_takes_the_memory() {
    programs::build();
    let directory = tempfile::tempdir().unwrap();
    let people: Vec<String> = (0..ACCOUNTS).map(person).collect();
    let Addresses { ns, web, .. } = prepare(directory.path(), &people);
    let daemon = Daemon::start(directory.path());
    let mut editor = Client::sign_in(ns, EDITOR, PASSWORD).unwrap();
    let mut friend = Client::sign_in(ns, &person(0), PASSWORD).unwrap();
    let (mut speaker, mut hearer) = editor.converse(EDITOR, &mut friend, &person(0)).unwrap();
    let before = daemon.peak_memory();
    let (signed_in, turned_away) = (AtomicU32::new(0), AtomicU32::new(0));
    let began = Instant::now();
    let is_over = || {
        let enough = signed_in.load(Ordering::Relaxed) >= SIGN_INS && began.elapsed() >= LEAST;
        enough || began.elapsed() >= MOST
    };
    let mut times = Vec::new();
    thread::scope(|scope| {
        for number in 0..THREADS {
            let (is_over, signed_in, turned_away) = (&is_over, &signed_in, &turned_away);
            scope.spawn(move || {
                let handle = person(1 + number % (ACCOUNTS - 1));
                while !is_over() {
                    match ticket(web, &handle).unwrap() {
                        Some(ticket) => {
                            Client::with_ticket(ns, &handle, &ticket).unwrap();
                            signed_in.fetch_add(1, Ordering::Relaxed);
                        }
                        None => drop(turned_away.fetch_add(1, Ordering::Relaxed)),
                    }
                }
            });
        }
        while !is_over() {
            times.push(relay(&mut speaker, &mut hearer));
            thread::sleep(Duration::from_millis(5));
        }
    });
    times.sort_unstable();
    let (usual, longest) = (times[times.len() * 9 / 10], times[times.len() - 1]);
    let (count, seconds) = (signed_in.into_inner(), began.elapsed().as_secs_f64());
    println!(
        "{count} sign-ins in {seconds:.1} s, {} turned away; {} messages: median {:?}, nine of ten {usual:?}, longest {longest:?}",
        turned_away.into_inner(),
        times.len(),
        times[times.len() / 2],
    );
    assert!(count >= SIGN_INS, "only {count} sign-ins in {MOST:?} are no storm");
    assert!(usual <= USUAL && longest <= LONGEST, "messages are stalled: {usual:?}, {longest:?}");
    if let (Some(before), Some(peak)) = (before, daemon.peak_memory()) {
        let cores = thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
        let most = before + (cores + MORE) * KEPT * HASH + BESIDE;
        println!("memory: {} MiB before, at most {} MiB in it", before >> 20, peak >> 20);
        assert!(peak <= most, "{peak} bytes are more than {most}");
    }
}
