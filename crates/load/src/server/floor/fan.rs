//! Presence from one to many: `USR t handle WATCH` watches, and a `CHG t state …` of another is
//! echoed, and told to all who watch as `NLN state handle handle …`.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::net::TcpStream;

use super::Variant;
use super::lines::{line, read, word};
use super::outbox::{Outbox, write_all};

/// Who watches.
pub(super) struct Watchers {
    variant: Variant,
    all: Mutex<Vec<Arc<Outbox>>>,
}

impl Watchers {
    pub(super) fn new(variant: Variant) -> Self {
        Self { variant, all: Mutex::default() }
    }

    fn add(&self, outbox: &Arc<Outbox>) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).push(outbox.clone());
    }

    fn remove(&self, outbox: &Arc<Outbox>) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).retain(|other| !Arc::ptr_eq(other, outbox));
    }

    fn all(&self) -> Vec<Arc<Outbox>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Serves one client.
pub(super) async fn connection(stream: TcpStream, watchers: Arc<Watchers>) -> io::Result<()> {
    let stream = Arc::new(stream);
    let outbox = Arc::new(if watchers.variant == Variant::Mpsc {
        Outbox::channel(stream.clone())
    } else {
        Outbox::direct(stream.clone())
    });
    let result = serve(&stream, &watchers, &outbox).await;
    watchers.remove(&outbox);
    result
}

async fn serve(stream: &TcpStream, watchers: &Watchers, outbox: &Arc<Outbox>) -> io::Result<()> {
    let (mut rest, mut handle) = (Vec::new(), Vec::new());
    loop {
        let (mut answer, mut news) = (Vec::new(), Vec::new());
        let open = read(stream, &mut rest, |bytes| {
            let mut used = 0;
            while let Some((line, start)) = line(&bytes[used..]) {
                used += start;
                if line.starts_with(b"CHG ") {
                    answer.extend_from_slice(line);
                    answer.extend_from_slice(b"\r\n");
                    news.push(told(line, &handle));
                } else {
                    handle = word(line, 2).to_vec();
                    if word(line, 3) == b"WATCH" {
                        watchers.add(outbox);
                    }
                    answer.extend_from_slice(&[b"USR 1 OK ", &handle[..], b" ", &handle, b"\r\n"].concat());
                }
            }
            used
        });
        if !open.await? {
            return Ok(());
        }
        write_all(stream, &answer).await?;
        if !news.is_empty() {
            let all = watchers.all();
            if watchers.variant == Variant::Mpsc {
                // All that one read brought is one piece.
                news = vec![news.concat().into()];
            }
            for news in news {
                for watcher in &all {
                    watcher.send(news.clone()).await;
                }
            }
        }
    }
}

/// What watchers are told of `CHG t state …`.
fn told(line: &[u8], handle: &[u8]) -> Bytes {
    let (state, rest) = (word(line, 2), word(line, 4));
    let mut news = [b"NLN ", state, b" ", handle, b" ", handle].concat();
    let capabilities = word(line, 3);
    for word in [capabilities, rest].into_iter().filter(|word| !word.is_empty()) {
        news.push(b' ');
        news.extend_from_slice(word);
    }
    news.extend_from_slice(b"\r\n");
    news.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_watchers_are_told() {
        assert_eq!(told(b"CHG 4 BSY", b"a@b.c"), "NLN BSY a@b.c a@b.c\r\n");
        assert_eq!(told(b"CHG 4 BSY 17", b"a@b.c"), "NLN BSY a@b.c a@b.c 17\r\n");
    }
}
