//! The macros against a fake server.

use crate::Played;
use crate::fake::{CLOSE, Cue, cue, perform};

const DIGEST: &str = "USR 4 MD5 S f59af8f2fa91d38aff7c870c17f99903\r\n";

/// Signs `a@x.y` in with MSNP2 on the connections `ds` and `ds + 1`.
fn sign_in(ds: usize) -> Vec<Cue> {
    let profile = "MSG Hotmail Hotmail 90\r\nMIME-Version: 1.0\r\n\
                   Content-Type: text/x-msmsgsprofile; charset=UTF-8\r\nLoginTime: 93700\r\n\r\n";
    vec![
        cue(ds, "VER 1 MSNP2 CVR0\r\n", "VER 1 MSNP2\r\n"),
        cue(ds, "INF 2\r\n", "INF 2 MD5\r\n"),
        cue(ds, "USR 3 MD5 I a@x.y\r\n", "XFR 3 NS h:1\r\n\u{4}"),
        cue(ds + 1, "VER 1 MSNP2 CVR0\r\n", "VER 1 MSNP2\r\n"),
        cue(ds + 1, "INF 2\r\n", "INF 2 MD5\r\n"),
        cue(ds + 1, "USR 3 MD5 I a@x.y\r\n", "USR 3 MD5 S 1234567890.123456789\r\n"),
        cue(ds + 1, DIGEST, "USR 4 OK a@x.y A\r\n").and(ds + 1, profile),
    ]
}

fn check(text: &str, cues: Vec<Cue>) {
    match perform(&format!("account a@x.y\naccount b@x.y name=Bob%20B\naccount c@x.y\n{text}"), cues).0 {
        Ok(played) => assert_eq!(played, Played::Passed),
        Err(failure) => panic!("{failure}"),
    }
}

#[test]
fn online_with_the_first_dialect() {
    let mut cues = sign_in(0);
    let burst = "SYN 5 12\r\nGTC 5 12 A\r\nBLP 5 12 AL\r\nLST 5 FL 12 1 2 b@x.y Bob%20B\r\nLST 5 FL 12 2 2 c@x.y C\r\n\
                 LST 5 AL 12 0 0\r\nLST 5 BL 12 0 0\r\nLST 5 RL 12 1 1 b@x.y Bob\r\n";
    cues.push(cue(1, "SYN 5 0\r\n", burst));
    cues.push(cue(1, "CHG 6 BSY\r\n", "CHG 6 BSY\r\nILN 6 NLN b@x.y Bob%20B\r\n"));
    cues.push(cue(1, "X 13 h:1\r\n", CLOSE));
    let text =
        "a.ns online MSNP2 BSY\na.ns < ILN {a.chg} NLN b@x.y {name}\na.ns > X {a.serial+1} {a.ns.at}\na.ns closed";
    check(text, cues);
}

#[test]
fn the_burst_of_the_seventh_dialect() {
    let bpr = "BPR 5 b@x.y PHH 1\r\nBPR 5 b@x.y PHW\r\nBPR 5 b@x.y PHM\r\nBPR 5 b@x.y MOB Y\r\n";
    let burst = format!(
        "SYN 1 5\r\nGTC 1 5 N\r\nBLP 1 5 BL\r\nPRP 1 5 PHH 1\r\nPRP 1 5 PHW\r\nPRP 1 5 PHM\r\nPRP 1 5 MOB N\r\n\
         PRP 1 5 MBE N\r\nLSG 1 5 1 2 0 Other%20Contacts 0\r\nLSG 1 5 2 2 3 Work 0\r\nLST 1 FL 5 1 1 b@x.y B 0,3\r\n{bpr}\
         LST 1 AL 5 1 1 b@x.y B\r\nLST 1 BL 5 0 0\r\nLST 1 RL 5 0 0\r\n"
    );
    let play = |burst: String| {
        let burst: &'static str = burst.leak();
        let cues = [cue(0, "VER 9 MSNP7\r\n", "VER 9 MSNP7\r\n"), cue(0, "SYN 1 0\r\n", burst)];
        perform("account a@x.y\na.ns connects ds\na.ns > VER 9 MSNP7\na.ns < VER 9 MSNP7\na.ns syncs", cues).0
    };
    assert_eq!(play(burst.clone()), Ok(Played::Passed));
    for (right, wrong) in [
        ("GTC 1 5 N", "GTC 1 5 X"),
        ("PRP 1 5 MOB N", "PRP 1 5 MOB"),
        ("LSG 1 5 2 2 3", "LSG 1 5 2 3 3"),
        ("LSG 1 5 2 2 3", "LSG 1 5 2 2 0"),
        ("b@x.y B 0,3", "b@x.y B 0,4"),
        ("b@x.y B 0,3", "b@x.y B"),
        ("BPR 5 b@x.y PHW", "BPR 6 b@x.y PHW"),
        ("LST 1 AL 5 1 1 b@x.y B", "LST 1 AL 5 1 1 b@x.y B 0"),
        ("LST 1 RL 5 0 0", "LST 1 RL 5 0 1"),
        ("LST 1 BL 5 0 0\r\n", ""),
    ] {
        let failure = play(burst.replace(right, wrong)).expect_err(wrong);
        assert_eq!(&*failure.statement, "a.ns syncs", "{wrong}");
    }
}

#[test]
fn a_call_a_join_and_a_text() {
    let ns = "b.ns connects ds ; c.ns connects ds ; a.ns connects ds\n";
    let text = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\
                X-MMS-IM-Format: FN=MS%20Sans%20Serif; EF=; CO=0; CS=0; PF=0\r\n\r\nHi {you}";
    let sent: &'static str = format!("MSG 4 A {}\r\n{text}", text.len()).leak();
    let heard: &'static str = format!("MSG a@x.y A {}\r\n{text}", text.len()).leak();
    let cues = vec![
        cue(2, "XFR 1 SB\r\n", "XFR 1 SB sb:1 CKI 1.2\r\n"),
        cue(3, "USR 1 a@x.y 1.2\r\n", "USR 1 OK a@x.y A\r\n"),
        cue(3, "CAL 2 b@x.y\r\n", "CAL 2 RINGING 77\r\n").and(0, "RNG 77 sb:1 CKI 3.4 a@x.y A\r\n"),
        cue(4, "ANS 1 b@x.y 3.4 77\r\n", "IRO 1 1 1 a@x.y A\r\nANS 1 OK\r\n").and(3, "JOI b@x.y Bob%20B\r\n"),
        cue(3, "CAL 3 c@x.y\r\n", "CAL 3 RINGING 77\r\n").and(1, "RNG 77 sb:1 CKI 5.6 a@x.y A\r\n"),
        cue(5, "ANS 1 c@x.y 5.6 77\r\n", "IRO 1 1 2 a@x.y A\r\nIRO 1 2 2 b@x.y Bob%20B\r\nANS 1 OK\r\n")
            .and(3, "JOI c@x.y C\r\n")
            .and(4, "JOI c@x.y C\r\n"),
        cue(3, sent, "ACK 4\r\n").and(4, heard).and(5, heard),
        cue(4, "CAL 2 a@x.y\r\n", "CAL 2 RINGING 77\r\n"),
    ];
    let play = "a.sb opens ; b.sb joins a.sb\nc.sb joins a.sb\na.sb says \"Hi {you}\" to b.sb c.sb\n\
                b.sb > CAL 2 a@x.y\nb.sb < CAL 2 RINGING {c.sb.room}";
    check(&format!("{ns}{play}"), cues);
}

#[test]
fn a_wrong_caller_fails_the_join() {
    let cues = [cue(1, "CAL 1 b@x.y\r\n", "CAL 1 RINGING 77\r\n").and(0, "RNG 77 sb:1 CKI 3.4 a@x.y Al\r\n")];
    let play = "account a@x.y ; account b@x.y\nb.ns connects ds ; a.sb connects ds\nb.sb joins a.sb";
    let failure = perform(play, cues).0.expect_err("a failure");
    assert_eq!((failure.line, &*failure.statement), (3, "b.sb joins a.sb"));
    assert_eq!(&*failure.expected, "RNG 77 {b.sb.at} CKI {b.sb.cookie} a@x.y A");
}

/// Signs `a@x.y` in with a dialect that needs a ticket; `ok` is the answer to that, before the profile with `fields`.
fn sign_in_with_ticket(offer: &str, chosen: &str, client: &str, ok: &str, fields: &str) -> Vec<Cue> {
    let line = |text: String| -> &'static str { format!("{text}\r\n").leak() };
    let (ver, version) = (line(format!("VER 1 {offer}")), line(format!("VER 1 {chosen}")));
    let number = client.split(' ').nth(5).unwrap_or_default();
    let cvr = line(format!("CVR 2 {client} a@x.y"));
    let newest = line(format!("CVR 2 {number} {number} {number} http://x http://y"));
    let challenge = "USR 3 TWN S lc=1033,id=507,tw=40,fs=1,ru=http,ct=1,kpp=1,kv=5,ver=2.1,tpf=00\r\n";
    let profile = format!(
        "MIME-Version: 1.0\r\nContent-Type: text/x-msmsgsprofile; charset=UTF-8\r\nLoginTime: 93700\r\n\
         MSPAuth: a@x.y*password*lc=1033\r\nClientIP: 192.0.2.1\r\nClientPort: 1\r\n{fields}\r\n"
    );
    let ok: &'static str = format!("{ok}\r\nMSG Hotmail Hotmail {}\r\n{profile}", profile.len()).leak();
    vec![
        cue(0, ver, version),
        cue(0, cvr, newest),
        cue(0, "USR 3 TWN I a@x.y\r\n", "XFR 3 NS h:1 0 h:2\r\n\u{4}"),
        cue(1, ver, version),
        cue(1, cvr, newest),
        cue(1, "USR 3 TWN I a@x.y\r\n", challenge),
        cue(1, "USR 4 TWN S t=a@x.y*password*lc=1033&p=\r\n", ok),
    ]
}

#[test]
fn online_with_a_ticket_and_a_compact_burst() {
    let client = "0x0409 winnt 5.1 i386 MSNMSGR 6.0.0602 MSMSGS";
    let mut cues = sign_in_with_ticket("MSNP9 MSNP8 CVR0", "MSNP9 CVR0", client, "USR 4 OK a@x.y A 1 0", "");
    let burst = "SYN 5 12 2 2\r\nGTC A\r\nBLP AL\r\nPRP PHH 1\r\nLSG 0 Other%20Contacts 0\r\nLSG 3 Work 0\r\n\
                 LST b@x.y Bob 11 0,3\r\nBPR PHW 2\r\nLST c@x.y C 3 3\r\nBPR MOB Y\r\nBPR PHM 9\r\n";
    cues.push(cue(1, "SYN 5 0\r\n", burst));
    cues.push(cue(1, "CHG 6 NLN 268435508\r\n", "CHG 6 NLN 268435508\r\nBPR 13 b@x.y PHH 4\r\n"));
    cues.push(cue(1, "X 3 268435508\r\n", CLOSE));
    let text = "a.ns online MSNP9\na.ns < BPR {a.serial+1} b@x.y PHH 4\na.ns > X {a.group.work} {a.caps}\na.ns closed";
    check(text, cues);
}

#[test]
fn online_with_ids_and_stamps() {
    let client = "0x0409 winnt 5.1 i386 MSNMSGR 7.5.0299 MSMSGS";
    let offer = "MSNP12 MSNP11 MSNP10 CVR0";
    let ok = "USR 4 OK a@x.y 1 0\r\nSBS 0 null";
    let burst = "SYN 5 2005-11-01T08:00:00.0000000-07:00 2005-11-01T08:00:00.1-07:00 2 1\r\nGTC N\r\nBLP BL\r\n\
                 PRP MFN A\r\nPRP PHH 1\r\nLSG Work 7a1d0c3e-0f1b-4c55-9f10-3f5f7a0f1a01\r\n\
                 LST N=b@x.y F=Bob C=2b5b6c1e-90aa-4e0f-8c3f-6f4d3b2a1c01 11 1 7a1d0c3e-0f1b-4c55-9f10-3f5f7a0f1a01\r\n\
                 BPR PHW 2\r\nLST N=c@x.y F=C 16 1\r\n";
    let play = |burst: String| {
        let mut cues = sign_in_with_ticket(offer, "MSNP12 CVR0", client, ok, "ABCHMigrated: 1\r\n");
        cues.push(cue(1, "SYN 5 0 0\r\n", burst.leak()));
        cues.push(cue(1, "CHG 6 HDN 0\r\n", "CHG 6 HDN 0\r\n"));
        cues.push(cue(1, "X 2b5b6c1e-90aa-4e0f-8c3f-6f4d3b2a1c01 2005-11-01T08:00:00.1-07:00\r\n", CLOSE));
        let text = "account a@x.y ; account b@x.y ; account c@x.y\na.ns online MSNP12 HDN 0\n\
                    a.ns > X {a.contact.b} {a.stamp2}\na.ns closed";
        perform(text, cues).0
    };
    assert_eq!(play(burst.to_owned()), Ok(Played::Passed));
    for (right, wrong) in [
        ("2 1\r\nGTC", "3 1\r\nGTC"),
        ("2 1\r\nGTC", "2 0\r\nGTC"),
        ("GTC N", "GTC 5 N"),
        ("PRP MFN A\r\n", ""),
        ("PRP MFN A\r\n", "PRP MFN B\r\n"),
        ("PRP PHH 1", "PRP PHH"),
        ("11 1 7a1d", "11 7a1d"),
        ("11 1 7a1d", "11 1 8a1d"),
        ("F=C 16 1", "F=C 16"),
        ("BPR PHW 2", "BPR 5 PHW 2"),
        ("08:00:00.1-07:00", "08:00:00-07:00"),
    ] {
        assert!(play(burst.replace(right, wrong)).is_err(), "{wrong}");
    }
}

#[test]
fn capabilities_are_told_to_the_latest_clients_only() {
    let play = "b.ns connects ds ; a.ns connects ds\n\
                b.ns > VER 9 MSNP12\nb.ns < VER 9 MSNP12\na.ns > CHG 9 NLN 44\na.ns < CHG 9 NLN 44\n\
                a.sb opens ; b.sb joins a.sb";
    let cues = vec![
        cue(0, "VER 9 MSNP12\r\n", "VER 9 MSNP12\r\n"),
        cue(1, "CHG 9 NLN 44\r\n", "CHG 9 NLN 44\r\n"),
        cue(1, "XFR 1 SB\r\n", "XFR 1 SB sb:1 CKI 1.2\r\n"),
        cue(2, "USR 1 a@x.y 1.2\r\n", "USR 1 OK a@x.y A\r\n"),
        cue(2, "CAL 2 b@x.y\r\n", "CAL 2 RINGING 77\r\n").and(0, "RNG 77 sb:1 CKI 3.4 a@x.y A\r\n"),
        cue(3, "ANS 1 b@x.y 3.4 77\r\n", "IRO 1 1 1 a@x.y A 44\r\nANS 1 OK\r\n").and(2, "JOI b@x.y Bob%20B\r\n"),
    ];
    check(play, cues);
}

#[test]
fn a_ticket_for_a_challenge_that_was_captured() {
    let cues = vec![cue(0, "USR 1\r\n", "USR 1 lc=1,id=2\r\n"), cue(0, "USR 2 t=a@x.y*password*lc=1&p=\r\n", CLOSE)];
    let play =
        "a.ns connects ds\na.ns > USR 1\na.ns < USR 1 {c}\na.ns fetches {t} for {c}\na.ns > USR 2 {t}\na.ns closed";
    check(play, cues);
}
