//! `GCF SBS`: what official clients ask or are told of the service. (docs/PROTOCOL.md, Service)

use crate::ns::{Event, Request};
use crate::word::Words;
use crate::write::line;
use crate::{Bad, Code};

/// The file that says which client versions and contents are blocked: none.
const SHIELDS: &str = "<?xml version=\"1.0\" encoding=\"utf-8\" ?><config><shield><cli maj=\"7\" min=\"0\" minbld=\"0\" \
                       maxbld=\"9999\" deny=\" \" /></shield><block></block></config>";

/// `GCF t Shields.xml`
pub(super) fn gcf<'a>(mut words: Words<impl Iterator<Item = &'a str>>) -> Result<Request<'a>, Bad> {
    let trid = words.trid;
    match words.word()? {
        "Shields.xml" => Ok(Request::Gcf { trid }),
        _ => Err(Bad::refuse(trid, Code::NotExpected, "there is no such file")),
    }
}

pub(super) fn encode(event: &Event<'_>, out: &mut Vec<u8>) {
    match *event {
        Event::Gcf { trid } => line(out, "GCF").trid(trid).word("Shields.xml").payload(SHIELDS.as_bytes()),
        Event::Sbs => line(out, "SBS").word("0").word("null").end(),
        _ => unreachable!("another family's event"),
    }
}
