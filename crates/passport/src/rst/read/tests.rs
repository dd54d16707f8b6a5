use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::*;

fn one(site: &str) -> String {
    format!(
        "<wst:RequestSecurityToken Id=\"RST0\">\
         <wst:RequestType>http://schemas.xmlsoap.org/ws/2004/04/security/trust/Issue\
         </wst:RequestType><wsp:AppliesTo><wsa:EndpointReference><wsa:Address>{site}</wsa:Address>\
         </wsa:EndpointReference></wsp:AppliesTo><wsse:PolicyReference URI=\"?fs=1&amp;id=507\"/>\
         </wst:RequestSecurityToken>"
    )
}

fn envelope(namespace: &str, handle: &str, password: &str, body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Envelope xmlns=\"{namespace}\" xmlns:wsse=\"a\" xmlns:wst=\"b\">\n\
         <Header><ps:AuthInfo xmlns:ps=\"c\" Id=\"PPAuthInfo\"><ps:Cookies/></ps:AuthInfo><wsse:Security>\
         <wsse:UsernameToken Id=\"user\"><wsse:Username>{handle}</wsse:Username><wsse:Password>{password}\
         </wsse:Password>\
         </wsse:UsernameToken></wsse:Security></Header><Body>{body}</Body></Envelope>\r\n"
    )
}

fn many(sites: &[&str]) -> String {
    let tokens: String = sites.iter().map(|site| one(site)).collect();
    format!("<ps:RequestMultipleSecurityTokens Id=\"RSTS\">{tokens}</ps:RequestMultipleSecurityTokens>")
}

fn is_refused(text: &str) -> bool {
    let began = Instant::now();
    let is_refused = read(text.as_bytes(), Form::Rst).is_err();
    assert!(began.elapsed() < Duration::from_secs(5), "it took {:?}", began.elapsed());
    is_refused
}

#[test]
fn a_request_for_several_tokens() {
    let sites = ["http://Passport.NET/tb", "messengerclear.live.com", "messenger.msn.com"];
    let text = envelope(SOAP_1_1, "amy@example.com", "a&amp;b&#60;&#x63;>\u{e9} ", &many(&sites));
    let request = read(text.as_bytes(), Form::Rst2).unwrap();
    assert_eq!((request.form, request.collection), (Form::Rst, true), "the namespace decides, not the path");
    assert_eq!(request.sites, sites);
    let credentials = request.credentials.unwrap();
    assert_eq!((&*credentials.handle, credentials.password.expose()), ("amy@example.com", "a&b<c>\u{e9} "));
    assert!(read(envelope(SOAP_1_1, "a", "b", &many(&["x"])).as_bytes(), Form::Rst).unwrap().collection);
}

#[test]
fn a_lone_request() {
    let request = read(envelope(SOAP_1_1, "a", "b", &one("messenger.msn.com")).as_bytes(), Form::Rst).unwrap();
    assert!(!request.collection);
    let two = format!("{}{}", one("a"), one("b"));
    assert!(read(envelope(SOAP_1_1, "a", "b", &two).as_bytes(), Form::Rst).unwrap().collection);
}

/// MSNPSharp has a prefix for the envelope; nothing but the names matters of others.
#[test]
fn prefixes_and_the_second_form() {
    let text = format!(
        "\u{feff}<s:Envelope xmlns:s='{SOAP_1_2}'><s:Header><o:Security><o:UsernameToken><o:Username> amy@example.com\n\
         </o:Username><o:Password><![CDATA[<b>]]></o:Password></o:UsernameToken></o:Security></s:Header><s:Body>\
         <RequestSecurityToken><AppliesTo><ServiceName>\n a?x=1&amp;y=2 \n</ServiceName></AppliesTo>\
         </RequestSecurityToken>\
         </s:Body></s:Envelope>"
    );
    let request = read(text.as_bytes(), Form::Rst).unwrap();
    assert_eq!((request.form, &request.sites[..]), (Form::Rst2, &["a?x=1&y=2".to_owned()][..]));
    assert_eq!(request.credentials.unwrap().password.expose(), "<b>");
    let unknown = text.replace(SOAP_1_2, "urn:unknown");
    assert_eq!(read(unknown.as_bytes(), Form::Rst2).unwrap().form, Form::Rst2, "then the path decides");
    assert_eq!(read(unknown.as_bytes(), Form::Rst).unwrap().form, Form::Rst);
    let broken = text.replace("</s:Body>", "");
    assert_eq!(read(broken.as_bytes(), Form::Rst).unwrap_err(), Refusal { form: Form::Rst2 });
}

#[test]
fn a_request_without_a_password() {
    let text = envelope(SOAP_1_1, "a", "b", &one("x"));
    let without = text.replace("<wsse:Password>b</wsse:Password>", "");
    assert!(read(without.as_bytes(), Form::Rst).unwrap().credentials.is_none());
    let elsewhere = text.replace("wsse:UsernameToken", "wsse:Other");
    assert!(read(elsewhere.as_bytes(), Form::Rst).unwrap().credentials.is_none());
    let empty = text.replace("<wsse:Password>b</wsse:Password>", "<wsse:Password/>");
    assert_eq!(read(empty.as_bytes(), Form::Rst).unwrap().credentials.unwrap().password.expose(), "");
}

#[test]
fn what_is_no_request() {
    let good = envelope(SOAP_1_1, "a", "b", &one("x"));
    assert!(!is_refused(&good));
    for (what, bad) in [
        ("nothing", String::new()),
        ("text", "hello".to_owned()),
        ("cut", good[..good.len() - 20].to_owned()),
        ("no end", good.replace("</Body>", "")),
        ("another end", good.replace("</Body>", "</body>")),
        ("more than one root", format!("{good}{good}")),
        ("an empty root behind", format!("{good}<a/>")),
        ("text behind", format!("{good}x")),
        ("a reference outside", format!("{good}&lt;")),
        ("a declaration inside", good.replace("<Body>", "<Body><?xml version=\"1.0\"?>")),
        ("an instruction", good.replace("<Body>", "<?a b?><Body>")),
        ("a document type", good.replace("<Envelope", "<!DOCTYPE a [<!ENTITY b \"c\">]><Envelope")),
        ("an unknown entity", good.replace(">b<", ">&b;<")),
        ("no character", good.replace(">b<", ">&#xD800;<")),
        ("a bare ampersand", good.replace(">b<", ">a & b<")),
        ("two handles", good.replace("<wsse:Password>", "<wsse:Username>z</wsse:Username><wsse:Password>")),
        ("two passwords", good.replace("<wsse:Password>", "<wsse:Password>z</wsse:Password><wsse:Password>")),
        ("two sites in one", good.replace("<wsa:Address>", "<wsa:Address>z</wsa:Address><wsa:Address>")),
        ("no site", good.replace(">x<", "><")),
        ("no token", envelope(SOAP_1_1, "a", "b", "")),
        ("one in another", envelope(SOAP_1_1, "a", "b", &one("<wst:RequestSecurityToken/>"))),
        ("a long handle", envelope(SOAP_1_1, &"a".repeat(WORD + 1), "b", &one("x"))),
        ("a long password", envelope(SOAP_1_1, "a", &"b".repeat(MAX_PASSWORD + 1), &one("x"))),
        ("a long site", envelope(SOAP_1_1, "a", "b", &one(&"x".repeat(WORD + 1)))),
        ("many tokens", envelope(SOAP_1_1, "a", "b", &many(&["x"; TOKENS + 1]))),
    ] {
        assert!(is_refused(&bad), "{what}");
    }
    assert!(read(b"<a>\xff</a>", Form::Rst).is_err());
    assert!(!is_refused(&envelope(SOAP_1_1, "a", "b", &many(&["x"; TOKENS]))));
}

#[test]
fn bombs_are_refused_in_no_time() {
    let mut laughs = String::from("<?xml version=\"1.0\"?><!DOCTYPE lolz [<!ENTITY l0 \"lol\">");
    for i in 1..10 {
        write!(laughs, "<!ENTITY l{i} \"{}\">", format!("&l{};", i - 1).repeat(10)).unwrap();
    }
    assert!(is_refused(&format!("{laughs}]><a>&l9;</a>")));
    assert!(is_refused(&format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000))));
    assert!(is_refused(&format!("<a>{}</a>", "<b/>".repeat(1_000_000))));
    assert!(is_refused(&format!("<a>{}</a>", "x<!---->".repeat(1_000_000))));
    assert!(is_refused(&format!("<a>{}</a>", "&amp;".repeat(1_000_000))));
    let attributes: String = (0..100_000).map(|i| format!(" xmlns:a{i}=''")).collect();
    assert!(is_refused(&format!("<b:a{attributes}/>")));
}
