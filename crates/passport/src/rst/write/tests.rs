use quick_xml::NsReader;
use quick_xml::events::Event;
use quick_xml::name::ResolveResult;

use super::*;

const SITES: [&str; 4] = [PASSPORT, "messengerclear.live.com", "messenger.msn.com", "a?b&c<d>"];

fn answered(form: Form, collection: bool, sites: &[&str]) -> String {
    let token = |site| Token { site, ticket: (site != PASSPORT).then_some("TICKET"), proof: [7; 24], cipher: [8; 24] };
    let tokens: Vec<_> = sites.iter().map(|site| token(*site)).collect();
    let (now, expires) = (1_795_341_600, 1_795_428_000);
    let handle = "o'neil&co@example.com";
    answer(&Answer { form, collection, handle, member: 7, cid: 0x7a4c, now, expires, tokens: &tokens })
}

/// Reads all of it with namespaces: it is well formed, and each prefix is declared.
fn is_sound(text: &str) {
    let mut reader = NsReader::from_str(text);
    loop {
        let (resolved, event) = reader.read_resolved_event().unwrap_or_else(|error| panic!("{error}: {text}"));
        assert!(!matches!(resolved, ResolveResult::Unknown(_)), "{event:?}: {text}");
        if event == Event::Eof {
            return;
        }
    }
}

fn ids(text: &str) -> Vec<&str> {
    let tokens = text.split("<wsse:BinarySecurityToken Id=\"").skip(1);
    tokens.map(|token| token.split_once("\">").unwrap().0).collect()
}

#[test]
fn the_first_form_to_the_letter() {
    let text = answered(Form::Rst, true, &SITES);
    is_sound(&text);
    assert_eq!(ids(&text), ["Compact1", "Compact2", "Compact3"], "the first of all is not counted");
    for literal in [
        "<S:Envelope xmlns:S=\"http://schemas.xmlsoap.org/soap/envelope/\">",
        "<wst:RequestSecurityTokenResponseCollection xmlns:wst=\"http://schemas.xmlsoap.org/ws/2004/04/trust\" ",
        "<wsa:Address>http://Passport.NET/tb</wsa:Address>",
        "<EncryptedData xmlns=\"http://www.w3.org/2001/04/xmlenc#\" Id=\"BinaryDAToken0\" ",
        "</wst:RequestSecurityTokenResponse><wst:RequestSecurityTokenResponse><wst:TokenType>urn:passport:compact<",
        "<wsa:Address>messenger.msn.com</wsa:Address>",
        "<wsa:Address>a?b&amp;c&lt;d&gt;</wsa:Address>",
        "<wsse:BinarySecurityToken Id=\"Compact1\">t=TICKET&amp;p=</wsse:BinarySecurityToken>",
        "<wst:LifeTime><wsu:Created>2026-11-22T10:00:00Z</wsu:Created><wsu:Expires>2026-11-23T10:00:00Z</wsu:Expires>",
        "<wst:BinarySecret>BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH</wst:BinarySecret>",
        "<psf:PUID>0000000000000007</psf:PUID>",
        "\"CID\">0000000000007a4c<",
        "ServerTime=\"2026-11-22T10:00:00Z\"",
        "o&apos;neil&amp;co@example.com",
    ] {
        assert!(text.contains(literal), "{literal}\n{text}");
    }
    assert!(!text.contains("> <") && !text.contains('\n'), "{text}");
    assert_eq!(text.matches("<wsp:AppliesTo>").count(), 4);
    assert_eq!(text.matches("<wst:RequestedProofToken><wst:BinarySecret>").count(), 4);
}

#[test]
fn the_second_form_differs() {
    let text = answered(Form::Rst2, true, &SITES);
    is_sound(&text);
    for literal in [
        "<S:Envelope xmlns:S=\"http://www.w3.org/2003/05/soap-envelope\">",
        "xmlns:wst=\"http://schemas.xmlsoap.org/ws/2005/02/trust\"",
        "xmlns:wsa=\"http://www.w3.org/2005/08/addressing\"",
        "<wst:Lifetime><wsu:Created>",
        "<wst:RequestedUnattachedReference><wsse:SecurityTokenReference><wsse:Reference URI=\"#Compact1\"/>",
    ] {
        assert!(text.contains(literal), "{literal}\n{text}");
    }
    assert!(!text.contains("LifeTime") && !text.contains("RequestedTokenReference"));
}

#[test]
fn a_lone_answer() {
    for form in [Form::Rst, Form::Rst2] {
        let text = answered(form, false, &["messenger.msn.com"]);
        is_sound(&text);
        assert!(text.contains("<S:Body><wst:RequestSecurityTokenResponse xmlns:wst=") && !text.contains("Collection"));
        assert_eq!(ids(&text), ["Compact1"]);
    }
}

/// msn-pecan waits for ever for an answer of more than about 8 KB in one TLS record.
#[test]
fn answers_are_small() {
    let sites: Vec<_> = std::iter::once(PASSPORT).chain(["messenger.msn.com"; 5]).collect();
    let text = answered(Form::Rst, true, &sites).replace("TICKET", &"t".repeat(140));
    assert!(text.len() < 8000, "{}", text.len());
}

#[test]
fn faults() {
    for form in [Form::Rst, Form::Rst2] {
        for why in [Fault::Failed, Fault::Invalid, Fault::Busy] {
            is_sound(&fault(form, why));
        }
    }
    let first = fault(Form::Rst, Fault::Failed);
    assert!(
        first.contains("</S:Header><S:Fault><faultcode>wsse:FailedAuthentication</faultcode><faultstring>"),
        "{first}"
    );
    assert!(first.contains("<psf:reqstatus>0x80048823</psf:reqstatus>") && !first.contains("S:Body"), "{first}");
    let second = fault(Form::Rst2, Fault::Failed);
    assert!(second.contains("<S:Body><S:Fault><S:Code><S:Value>S:Sender</S:Value>"), "{second}");
    assert!(second.contains("<S:Value>wst:FailedAuthentication</S:Value>"), "{second}");
    assert!(second.contains("<psf:value>0x80048821</psf:value>"), "{second}");
    assert!(fault(Form::Rst, Fault::Invalid).contains("<faultcode>wst:InvalidRequest</faultcode>"));
    assert!(fault(Form::Rst2, Fault::Busy).contains("S:Receiver"));
}
