//! Reading a command: bytes to a frame, and the frame to a request. One operation is one message
//! and one change of state.

use std::hint::black_box;

use anyhow::{Context as _, bail};
use msnp::{Dialect, Frame, Limits, Parsed, frame, ns, sb};

const TEXT: &str = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\
    X-MMS-IM-Format: FN=MS%20Shell%20Dlg; EF=; CO=0; CS=0; PF=0\r\n\r\nShall we say eight, in front of the cinema?";

pub(crate) fn run(count: u32) -> anyhow::Result<()> {
    let traits = Dialect::from_number(9).context("there is MSNP9")?.traits();
    let message = format!("MSG 17 N {}\r\n{TEXT}", TEXT.len());
    let change = b"CHG 18 BSY 268435500\r\n";
    for _ in 0..count {
        let found = sb::Request::decode(&whole(black_box(message.as_bytes()), &sb::LIMITS)?, traits);
        if !matches!(found, Ok(sb::Request::Msg { .. })) {
            bail!("a message was read as {found:?}");
        }
        let found = ns::Request::decode(&whole(black_box(change), &sb::LIMITS)?, traits);
        if !matches!(found, Ok(ns::Request::Chg { .. })) {
            bail!("a change of state was read as {found:?}");
        }
    }
    Ok(())
}

fn whole<'a>(bytes: &'a [u8], limits: &Limits) -> anyhow::Result<Frame<'a>> {
    match frame::parse(bytes, limits)? {
        Parsed::Frame(frame, used) if used == bytes.len() => Ok(frame),
        other => bail!("not one whole frame: {other:?}"),
    }
}
