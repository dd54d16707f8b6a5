//! Reading lines, and messages with payloads, off a socket, without a standing buffer.

use std::cell::RefCell;
use std::io;

use memchr::memchr;
use tokio::net::TcpStream;

thread_local! {
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; 16 * 1024].into());
}

/// Waits until something has come, and hands all that one read gives to `take`, together with what
/// it left over the last time. `take` tells how much it used. False: the client is gone.
pub(super) async fn read(
    stream: &TcpStream,
    rest: &mut Vec<u8>,
    mut take: impl FnMut(&[u8]) -> usize,
) -> io::Result<bool> {
    loop {
        stream.readable().await?;
        let count = BUFFER.with_borrow_mut(|buffer| match stream.try_read(buffer) {
            Ok(count) if rest.is_empty() => {
                let used = take(&buffer[..count]);
                rest.extend_from_slice(&buffer[used..count]);
                Ok(count)
            }
            Ok(count) => {
                rest.extend_from_slice(&buffer[..count]);
                let used = take(rest);
                rest.drain(..used);
                Ok(count)
            }
            Err(error) => Err(error),
        });
        match count {
            Ok(count) => return Ok(count > 0),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// The first line of `bytes`, without its end, and where the next one begins.
pub(super) fn line(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let end = memchr(b'\n', bytes)?;
    Some((bytes[..end].strip_suffix(b"\r").unwrap_or(&bytes[..end]), end + 1))
}

/// The `n`th word.
pub(super) fn word(line: &[u8], n: usize) -> &[u8] {
    line.split(|byte| *byte == b' ').nth(n).unwrap_or_default()
}

/// A decimal number, 0 if it is none.
pub(super) fn number(word: &[u8]) -> usize {
    word.iter().fold(0, |number, byte| number * 10 + usize::from(byte.wrapping_sub(b'0')))
}
