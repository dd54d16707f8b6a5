//! Sign-ins, with the same answer for everyone: fifty people on the lists, of whom some are there.

use std::io;
use std::sync::{Arc, OnceLock};

use tokio::net::TcpStream;

use super::Variant;
use super::lines::{line, read, word};
use super::outbox::{Outbox, write_all};

/// People on the lists, and those of them who are there. (`run/login.rs` has as many.)
const PEOPLE: usize = 50;
const THERE: usize = 12;
const PROFILE: &str = "MIME-Version: 1.0\r\nContent-Type: text/x-msmsgsprofile; charset=UTF-8\r\nLoginTime: 1\r\n\r\n";

/// Serves one client. By `mpsc` it also has a mailbox, which it looks at between reads.
pub(super) async fn connection(stream: TcpStream, variant: Variant) -> io::Result<()> {
    let stream = Arc::new(stream);
    let _mailbox = (variant == Variant::Mpsc).then(|| Outbox::channel(stream.clone()));
    let (mut rest, mut dialect) = (Vec::new(), Vec::new());
    loop {
        let mut out = Vec::new();
        let open = read(&stream, &mut rest, |bytes| {
            let mut used = 0;
            while let Some((line, start)) = line(&bytes[used..]) {
                answer(line, &mut dialect, &mut out);
                used += start;
            }
            used
        });
        if !open.await? {
            return Ok(());
        }
        write_all(&stream, &out).await?;
    }
}

fn answer(line: &[u8], dialect: &mut Vec<u8>, out: &mut Vec<u8>) {
    let trid = word(line, 1);
    let is_old = dialect.len() == 5 && dialect[4] < b'8';
    let mut say = |words: &[&[u8]]| {
        out.extend_from_slice(&words.join(&b' '));
        out.extend_from_slice(b"\r\n");
    };
    match word(line, 0) {
        b"VER" => {
            *dialect = word(line, 2).to_vec();
            say(&[b"VER", trid, dialect]);
        }
        b"INF" => say(&[b"INF", trid, b"MD5"]),
        b"CVR" => say(&[b"CVR", trid, b"1.0", b"1.0", b"1.0", b"http://a", b"http://b"]),
        b"USR" if word(line, 3) == b"I" => say(&[b"USR", trid, word(line, 2), b"S", b"1056561624.17795"]),
        b"USR" => {
            say(&[b"USR", trid, b"OK", b"someone@example.com", b"Someone", b"1"]);
            say(&[b"MSG Hotmail Hotmail", PROFILE.len().to_string().as_bytes()]);
            out.extend_from_slice(PROFILE.as_bytes());
        }
        b"SYN" if is_old => {
            say(&[b"SYN", trid, b"2"]);
            out.extend_from_slice(&with_trid(old_lists(), trid));
        }
        b"SYN" => {
            // From MSNP10 on, with two stamps.
            let stamps: &[u8] = if dialect.len() > 5 { b"2 2" } else { b"2" };
            say(&[b"SYN", trid, stamps, PEOPLE.to_string().as_bytes(), b"1"]);
            out.extend_from_slice(new_lists());
        }
        b"CHG" => {
            out.extend_from_slice(line);
            out.extend_from_slice(b"\r\n");
            out.extend_from_slice(&with_trid(those_there(), trid));
        }
        b"PNG" => say(&[b"QNG"]),
        _ => {}
    }
}

/// Texts have a `\0` where the transaction goes.
fn with_trid(text: &[u8], trid: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 64);
    for (n, part) in text.split(|byte| *byte == 0).enumerate() {
        if n > 0 {
            out.extend_from_slice(trid);
        }
        out.extend_from_slice(part);
    }
    out
}

fn old_lists() -> &'static [u8] {
    static TEXT: OnceLock<Vec<u8>> = OnceLock::new();
    TEXT.get_or_init(|| {
        let mut text =
            "GTC \0 2 A\r\nBLP \0 2 AL\r\nPRP \0 2 MOB N\r\nLSG \0 2 1 1 0 Other%20Contacts 0\r\n".to_owned();
        for list in ["FL", "AL"] {
            for n in 1..=PEOPLE {
                let groups = if list == "FL" { " 0" } else { "" };
                text += &format!("LST \0 {list} 2 {n} {PEOPLE} user{n}@example.com User%20{n}{groups}\r\n");
            }
        }
        text += "LST \0 BL 2 0 0\r\nLST \0 RL 2 0 0\r\n";
        text.into_bytes()
    })
}

fn new_lists() -> &'static [u8] {
    static TEXT: OnceLock<Vec<u8>> = OnceLock::new();
    TEXT.get_or_init(|| {
        let mut text = "GTC A\r\nBLP AL\r\nLSG 0 Other%20Contacts 0\r\n".to_owned();
        (1..=PEOPLE).for_each(|n| text += &format!("LST user{n}@example.com User%20{n} 3 0\r\n"));
        text.into_bytes()
    })
}

fn those_there() -> &'static [u8] {
    static TEXT: OnceLock<Vec<u8>> = OnceLock::new();
    TEXT.get_or_init(|| {
        let there = (1..=THERE).map(|n| format!("ILN \0 NLN user{n}@example.com User%20{n}\r\n"));
        there.collect::<String>().into_bytes()
    })
}
