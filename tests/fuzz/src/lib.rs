//! What the fuzz targets share: how a server's output is checked, and clients that are not there.

use std::cell::RefCell;
use std::rc::Rc;

use bytes::Bytes;
use logic::Outlet;
use msnp::{Dialect, Limits, Parsed, Traits, frame};

/// Reads what a server wrote, and returns its lines without payloads. Panics unless each line has
/// a verb, CR LF at its end, single blanks between its words, and a payload of the length it says.
pub fn lines(mut bytes: &[u8]) -> Vec<String> {
    const LIMITS: Limits = Limits {
        line: 65_536,
        payload: |verb| matches!(&verb, b"MSG" | b"IPG" | b"NOT" | b"UBX" | b"GCF").then_some(65_536),
    };
    let mut lines = Vec::new();
    while !bytes.is_empty() {
        let Ok(Parsed::Frame(frame, used)) = frame::parse(bytes, &LIMITS) else {
            panic!("not a command: {:?}", String::from_utf8_lossy(bytes));
        };
        let line = &bytes[..used - frame.payload.len()];
        let line = std::str::from_utf8(line).expect("text").strip_suffix("\r\n").expect("CR LF at the end");
        assert!(line.split(' ').all(|word| !word.is_empty()), "{line:?}");
        lines.push(line.to_owned());
        bytes = &bytes[used..];
    }
    lines
}

/// The dialect that a byte stands for.
pub fn dialect(byte: u8) -> Dialect {
    Dialect::ALL[usize::from(byte) % Dialect::ALL.len()]
}

/// The way to a client: bytes and notices are kept until they are taken.
pub struct Fake<N> {
    dialect: Dialect,
    kept: Rc<RefCell<(Vec<u8>, Vec<N>)>>,
}

impl<N> Clone for Fake<N> {
    fn clone(&self) -> Self {
        Self { dialect: self.dialect, kept: Rc::clone(&self.kept) }
    }
}

impl<N> Fake<N> {
    /// To a client of this dialect.
    pub fn speaking(dialect: Dialect) -> Self {
        Self { dialect, kept: Rc::new(RefCell::new((Vec::new(), Vec::new()))) }
    }

    /// The lines that were sent, and the notices.
    pub fn take(&self) -> (Vec<String>, Vec<N>) {
        let (bytes, notices) = self.kept.replace((Vec::new(), Vec::new()));
        (lines(&bytes), notices)
    }
}

impl<N> Outlet for Fake<N> {
    type Notice = N;

    fn traits(&self) -> &'static Traits {
        self.dialect.traits()
    }

    fn send(&self, bytes: &Bytes) -> bool {
        self.kept.borrow_mut().0.extend_from_slice(bytes);
        true
    }

    fn notify(&self, notice: N) {
        self.kept.borrow_mut().1.push(notice);
    }
}
