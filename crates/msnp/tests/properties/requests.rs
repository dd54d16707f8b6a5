//! What clients of each dialect send, written from the typed request in `words`, read by the codec.

use msnp::dialect::STRANGER;
use msnp::ns::{Command, Request};
use msnp::{Code, Dialect, Frame, Parsed, TrId, Traits, Verdict, frame, ns};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::asked::request;
use crate::values::{cases, dialect, email, guid, hand, trid};
use crate::words::write;

/// The commands that clients send, by the first and the last dialect that has them. (protocol page,
/// 1.5)
const COMMANDS: &[(u8, u8, &[Command])] = &[
    (2, 12, &[Command::Ver, Command::Usr, Command::Xfr, Command::Syn, Command::Gtc, Command::Blp, Command::Chg]),
    (2, 12, &[Command::Rem, Command::Out, Command::Png, Command::Cvr, Command::Snd, Command::Url]),
    (2, 7, &[Command::Inf, Command::Fnd]),
    (2, 8, &[Command::Lst]),
    (2, 9, &[Command::Add, Command::Rea]),
    (3, 12, &[Command::Ims]),
    (5, 12, &[Command::Prp, Command::Sdc]),
    // From MSNP9 on it is known, so that it can be refused.
    (5, 12, &[Command::Pag]),
    (6, 12, &[Command::Chl, Command::Qry]),
    (7, 8, &[Command::Lsg]),
    (7, 12, &[Command::Adg, Command::Rmg, Command::Reg]),
    (9, 12, &[Command::Pgd]),
    (10, 12, &[Command::Adc, Command::Sbp]),
    (11, 12, &[Command::Uux, Command::Gcf]),
];

fn commands(dialect: u8) -> Vec<Command> {
    let has = COMMANDS.iter().filter(|(first, last, _)| (*first..=*last).contains(&dialect));
    has.flat_map(|(_, _, commands)| *commands).copied().collect()
}

fn read<'a>(bytes: &'a [u8], traits: &Traits) -> Result<Request<'a>, msnp::Bad> {
    let Ok(Parsed::Frame(frame, used)) = frame::parse(bytes, &ns::SIGNED_IN) else {
        panic!("{:?} is not a frame", String::from_utf8_lossy(bytes))
    };
    assert_eq!(used, bytes.len());
    Request::decode(&frame, traits)
}

/// The first dialect that has this command.
fn home(command: Command) -> u8 {
    COMMANDS.iter().find(|(_, _, commands)| commands.contains(&command)).map_or(2, |(first, _, _)| *first)
}

/// A dialect, and a request that its clients make and that can be granted.
fn spoken() -> impl Strategy<Value = (Dialect, Command, Request<'static>)> {
    dialect().prop_flat_map(|dialect| {
        let n = dialect.number();
        let granted = commands(n).into_iter().filter(|command| n <= 8 || *command != Command::Pag);
        select(granted.collect::<Vec<_>>())
            .prop_flat_map(move |command| (Just(dialect), Just(command), request(command, n)))
    })
}

#[test]
fn each_dialect_has_the_commands_that_it_should() {
    for dialect in Dialect::ALL {
        for command in Command::ALL {
            let expected = commands(dialect.number()).contains(command);
            assert_eq!(dialect.traits().commands.has(*command), expected, "{dialect:?} {command:?}");
        }
    }
    for command in Command::ALL {
        let expected = commands(2).contains(command) || *command == Command::Cvq;
        assert_eq!(STRANGER.commands.has(*command), expected, "{command:?} of a stranger");
    }
}

#[test]
fn a_locale_is_a_number_and_nothing_else() {
    for (locale, good) in [
        ("0x0409", true),
        ("1033", true),
        ("0x", false),
        ("0x+409", false),
        ("+1033", false),
        ("-1", false),
        ("0x10000", false),
        ("65536", false),
        ("en-us", false),
    ] {
        let line = format!("CVR 1 {locale} winnt 5.1 i386 MSMSGS 4.7.0041\r\n");
        let verdict = read(line.as_bytes(), Dialect::Msnp2.traits()).map(drop).map_err(|bad| bad.verdict);
        let refused = Err(Verdict::Refuse(TrId(1), Code::NoMailbox));
        assert_eq!(verdict, if good { Ok(()) } else { refused }, "{locale}");
    }
}

/// `PGD` took its place. (protocol page, 7.11)
#[test]
fn the_old_way_to_page_is_refused_where_there_is_a_new_one() {
    for dialect in Dialect::ALL.into_iter().filter(|dialect| dialect.number() >= 9) {
        let verdict = read(b"PAG 4 bob@example.com 2\r\nhi", dialect.traits()).map_err(|bad| bad.verdict);
        assert_eq!(verdict, Err(Verdict::Refuse(TrId(4), Code::NotExpected)));
    }
}

/// What clients of MSNP10 and newer send that cannot be taken. (protocol page, 12.1 to 12.3)
#[test]
fn bad_edits_of_an_address_book() {
    const GUID: &str = "2b5b6c1e-90aa-4e0f-8c3f-6f4d3b2a1c01";
    let refused = |code| Verdict::Refuse(TrId(1), code);
    for (line, verdict) in [
        ("ADC 1 PL N=a@b.c".to_owned(), Verdict::Close),
        ("ADC 1 XL N=a@b.c".to_owned(), refused(Code::InvalidParameter)),
        ("ADC 1 FL".to_owned(), refused(Code::FieldsMissing)),
        ("ADC 1 FL F=x".to_owned(), refused(Code::FieldsMissing)),
        ("ADC 1 FL N=a@b".to_owned(), refused(Code::InvalidParameter)),
        ("ADC 1 FL N=a@".to_owned(), refused(Code::DomainMissing)),
        ("ADC 1 FL N=a@b.c F=%".to_owned(), refused(Code::InvalidFriendlyName)),
        (format!("ADC 1 FL N=a@b.c F={}", "x".repeat(388)), Verdict::Close),
        (format!("ADC 1 FL C={{{GUID}}}"), Verdict::Close),
        (format!("ADC 1 FL C={GUID} Friends"), Verdict::Close),
        (format!("ADC 1 AL N=a@b.c {GUID}"), refused(Code::InvalidParameter)),
        ("REM 1 FL a@b.c".to_owned(), refused(Code::AddressBookUnavailable)),
        ("REM 1 RL a@b.c".to_owned(), Verdict::Close),
        (format!("REM 1 FL {GUID} 1"), Verdict::Close),
        (format!("SBP 1 {GUID} MOB Y"), refused(Code::NotExpected)),
        ("SBP 1 a@b.c MFN x".to_owned(), Verdict::Close),
        (format!("SBP 1 {GUID} MFN"), refused(Code::FieldsMissing)),
        ("PRP 1 MFN".to_owned(), refused(Code::FieldsMissing)),
        ("REG 1 1 Work 0".to_owned(), Verdict::Close),
        ("ADD 1 FL a@b.c x".to_owned(), Verdict::Close),
        ("REA 1 a@b.c x".to_owned(), Verdict::Close),
    ] {
        for dialect in Dialect::ALL.into_iter().filter(|dialect| dialect.number() >= 10) {
            let bytes = format!("{line}\r\n");
            assert_eq!(read(bytes.as_bytes(), dialect.traits()).map_err(|bad| bad.verdict), Err(verdict), "{line}");
        }
    }
}

/// (protocol page, 7.2, 7.4, 7.11 and 12)
#[test]
fn bad_words_about_oneself() {
    let refused = |code| Err(Verdict::Refuse(TrId(1), code));
    for (n, line, verdict) in [
        (8, "CHG 1 NLN x", refused(Code::InvalidParameter)),
        (8, "CHG 1 NLN 4294967296", refused(Code::InvalidParameter)),
        (9, "CHG 1 NLN -1", refused(Code::InvalidParameter)),
        (12, "CHG 1 XXX 0", Err(Verdict::Close)),
        (9, "PRP 1 MFN Amy", refused(Code::NotExpected)),
        (12, "PRP 1 HSB 1", refused(Code::NotExpected)),
        (11, "GCF 1 Other.xml", refused(Code::NotExpected)),
        (10, "GCF 1 Shields.xml", Err(Verdict::Close)),
        (11, "UUX 1 5\r\nhello", Err(Verdict::Close)),
        (11, "UUX 1 6\r\n<Data>", Err(Verdict::Close)),
        (9, "PGD 1 a@b.c 3 0", refused(Code::InvalidParameter)),
        (8, "INF 1", Err(Verdict::Close)),
        (8, "USR 1 MD5 I a@b.c", Err(Verdict::Close)),
        (7, "USR 1 TWN I a@b.c", Err(Verdict::Close)),
    ] {
        let traits = Dialect::from_number(n).expect("a dialect").traits();
        let bytes = if line.contains('\n') { line.to_owned() } else { format!("{line}\r\n") };
        assert_eq!(read(bytes.as_bytes(), traits).map(drop).map_err(|bad| bad.verdict), verdict, "{line}");
    }
    let long = format!("CHG 1 NLN 0 {}\r\n", "x".repeat(ns::MAX_PICTURE + 1));
    let verdict = read(long.as_bytes(), Dialect::Msnp9.traits()).map(drop).map_err(|bad| bad.verdict);
    assert_eq!(verdict, refused(Code::InvalidParameter));
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn written_and_read_is_the_same((dialect, command, request) in spoken(), mut hand in hand()) {
        let bytes = write(command, &request, dialect.number(), &mut hand);
        prop_assert_eq!(read(&bytes, dialect.traits()), Ok(request), "{}", String::from_utf8_lossy(&bytes));
        // Until its last byte is there, it is not read at all.
        for end in 0..bytes.len() {
            prop_assert_eq!(frame::parse(&bytes[..end], &ns::SIGNED_IN), Ok(Parsed::Incomplete));
        }
    }

    #[test]
    fn a_stranger_may_ask_for_a_newer_client(request in request(Command::Cvq, 2), mut hand in hand()) {
        let bytes = write(Command::Cvq, &request, 2, &mut hand);
        prop_assert_eq!(read(&bytes, &STRANGER), Ok(request));
    }

    #[test]
    fn a_command_of_another_dialect_closes(
        (dialect, command, request) in dialect().prop_flat_map(|dialect| {
            let others = Command::ALL.iter().filter(|command| !commands(dialect.number()).contains(command));
            let command = select(others.copied().collect::<Vec<_>>());
            command.prop_flat_map(move |command| (Just(dialect), Just(command), request(command, home(command))))
        }),
        mut hand in hand(),
    ) {
        let bytes = write(command, &request, home(command), &mut hand);
        let verdict = read(&bytes, dialect.traits()).map_err(|bad| bad.verdict);
        prop_assert_eq!(verdict, Err(Verdict::Close));
    }

    /// Whatever a client sends, it is read or refused; and what is refused with a code is refused
    /// under the client's own transaction.
    #[test]
    fn any_words_are_read_or_refused(
        dialect in dialect(),
        verb in prop_oneof![4 => select(Command::ALL).prop_map(|command| *command.verb()), 1 => any::<[u8; 3]>()],
        trid in prop_oneof![4 => trid().prop_map(|trid| trid.to_string()), 1 => any::<String>()],
        rest in vec(prop_oneof![
            select(vec!["FL", "AL", "BL", "RL", "PL", "MD5", "TWN", "I", "S", "0", "1", "29", "30", "NLN", "PHH", "MFN"])
                .prop_map(String::from),
            select(vec!["fname=%", "0x+1", "%41", "N=", "N=a@b.c", "F=%", "F=x", "C=", "Shields.xml"]).prop_map(String::from),
            (select(vec!["", "C=", "N="]), guid()).prop_map(|(key, guid)| format!("{key}{guid}")),
            email().prop_map(|email| email.as_str().to_owned()),
            any::<String>(),
            "%?[!-~]{0,400}",
        ], 0..10),
        payload in vec(any::<u8>(), 0..64),
    ) {
        let rest = [trid].into_iter().chain(rest).collect::<Vec<_>>().join(" ");
        let frame = Frame { verb, rest: &rest, payload: &payload };
        for traits in [dialect.traits(), &STRANGER] {
            if let Err(bad) = Request::decode(&frame, traits)
                && let Verdict::Refuse(trid, _) | Verdict::RefuseAndClose(trid, _) = bad.verdict
            {
                prop_assert_eq!(frame.words().next().and_then(msnp::TrId::parse), Some(trid));
            }
        }
    }
}
