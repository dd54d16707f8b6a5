//! Values as they come in commands, and how a client may write them.

use model::{Email, Group, GroupId, Guid, HostPort, Name, Property, Serial};
use msnp::{Dialect, TrId};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Keeps a value for as long as the tests run, so that borrowed commands can be generated.
pub(crate) fn keep<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// The number of cases of each property.
pub(crate) fn cases() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4_000) }
}

pub(crate) fn dialect() -> impl Strategy<Value = Dialect> {
    select(Dialect::ALL.to_vec())
}

pub(crate) fn trid() -> impl Strategy<Value = TrId> {
    prop_oneof![3 => 0..100u32, 1 => any::<u32>()].prop_map(TrId)
}

pub(crate) fn serial() -> impl Strategy<Value = Serial> {
    any::<u32>().prop_map(Serial)
}

/// One word without blanks and controls.
pub(crate) fn token() -> impl Strategy<Value = &'static str> {
    "[!-~]{1,20}".prop_map(|text| keep(text).as_str())
}

pub(crate) fn email() -> impl Strategy<Value = Email> {
    "[a-z0-9!#$&'*+./=?^_`{|}~-]{1,20}@[a-z0-9_-]{1,10}(\\.[a-z0-9_-]{1,8}){1,3}"
        .prop_map(|text| Email::parse(&text).expect("an address"))
}

/// Text of any script without control characters.
pub(crate) fn text(longest: usize) -> impl Strategy<Value = String> {
    let char = prop_oneof![3 => prop::char::range(' ', '~'), 1 => any::<char>()];
    vec(char.prop_filter("a control", |char| !char.is_control()), 1..=longest).prop_map(String::from_iter)
}

/// A friendly name: at most 387 bytes when each of its bytes is escaped.
pub(crate) fn name() -> impl Strategy<Value = Name> {
    text(32).prop_map(|text| Name::friendly(&text).expect("a name"))
}

/// A group's name: at most 61 bytes.
pub(crate) fn group_name() -> impl Strategy<Value = Name> {
    text(5).prop_map(|text| Name::parse(&text, Name::GROUP).expect("a group's name"))
}

pub(crate) fn group() -> impl Strategy<Value = GroupId> {
    (0..30u8).prop_map(|number| GroupId::new(number).expect("a group's number"))
}

pub(crate) fn guid() -> impl Strategy<Value = Guid> {
    any::<[u8; 16]>().prop_map(Guid)
}

/// A group as an account has it.
pub(crate) fn whole_group() -> impl Strategy<Value = Group> {
    (group(), guid(), group_name()).prop_map(|(id, guid, name)| Group { id, guid, name })
}

/// A `<Data>` document of a personal message, or nothing.
pub(crate) fn personal() -> impl Strategy<Value = &'static str> {
    let document =
        "<Data><PSM>([a-zé ]|&lt;|&amp;|&#233;){0,12}</PSM><CurrentMedia>(\\\\0[a-z]{0,3}){0,4}</CurrentMedia></Data>";
    prop_oneof![1 => Just(""), 4 => document.prop_map(|text| keep(text).as_str())]
}

pub(crate) fn place() -> impl Strategy<Value = HostPort> {
    let host = prop_oneof!["[a-z0-9.-]{1,20}", Just("2001:db8::1".to_owned())];
    (host, 1..=u16::MAX).prop_map(|(host, port)| HostPort { host, port })
}

/// A property and a value that it can have.
pub(crate) fn property(all: &'static [Property]) -> impl Strategy<Value = (Property, String)> {
    let phone = prop_oneof![Just(String::new()), text(7)];
    (select(all), phone, any::<bool>()).prop_map(|(property, phone, on)| match property {
        Property::MobilePages | Property::MobileEnabled => (property, if on { "Y" } else { "N" }.to_owned()),
        _ => (property, phone),
    })
}

/// How a client writes what it may write in more than one way: a source of choices.
#[derive(Clone, Debug)]
pub(crate) struct Hand(u64);

pub(crate) fn hand() -> impl Strategy<Value = Hand> {
    any::<u64>().prop_map(Hand)
}

impl Hand {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A choice among `count` ways.
    pub(crate) fn choose(&mut self, count: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % count
    }

    /// `text` as one word: escapes where they must be, and here and there where they need not.
    pub(crate) fn escape(&mut self, text: &str) -> String {
        let mut word = String::new();
        for byte in text.bytes() {
            let must = !byte.is_ascii_graphic() || byte == b'%';
            match (must, self.choose(8)) {
                (false, 0) | (true, 0..4) => word += &format!("%{byte:02X}"),
                (true, _) => word += &format!("%{byte:02x}"),
                (false, _) => word.push(char::from(byte)),
            }
        }
        word
    }

    /// `text` as one word with no more escapes than there must be.
    pub(crate) fn escape_little(text: &str) -> String {
        let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'%';
        text.bytes()
            .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
            .collect()
    }

    /// `text` with some letters in upper case.
    pub(crate) fn case(&mut self, text: &str) -> String {
        text.chars().map(|char| if self.choose(4) == 0 { char.to_ascii_uppercase() } else { char }).collect()
    }

    /// The words as a line, with runs of blanks between them and either end of line.
    pub(crate) fn line(&mut self, words: &[String]) -> Vec<u8> {
        let mut line = words[0].clone();
        for word in &words[1..] {
            line += [" ", "  ", " \t"][if self.choose(4) == 0 { self.choose(3) as usize } else { 0 }];
            line += word;
        }
        line += ["", " "][(self.choose(8) == 0) as usize];
        line += ["\r\n", "\n"][(self.choose(4) == 0) as usize];
        line.into_bytes()
    }
}
