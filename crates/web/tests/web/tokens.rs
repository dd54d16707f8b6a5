//! `RST.srf` and `RST2.srf`.

use std::time::Instant;

use crate::place::{ESCAPED, Place, body, header};

const SOAP_1_1: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const SOAP_1_2: &str = "http://www.w3.org/2003/05/soap-envelope";
const SITES: [&str; 3] = ["http://Passport.NET/tb", "messengerclear.live.com", "nobody.has.heard.of.it"];

fn request(soap: &str, handle: &str, password: &str, sites: &[&str]) -> String {
    let tokens: String = sites
        .iter()
        .map(|site| {
            format!(
                "<wst:RequestSecurityToken><wsp:AppliesTo><wsa:EndpointReference><wsa:Address>{site}</wsa:Address>\
                 </wsa:EndpointReference></wsp:AppliesTo></wst:RequestSecurityToken>"
            )
        })
        .collect();
    let tokens = match sites {
        [_] => tokens,
        _ => format!("<ps:RequestMultipleSecurityTokens Id=\"RSTS\">{tokens}</ps:RequestMultipleSecurityTokens>"),
    };
    format!(
        "<?xml version=\"1.0\"?><s:Envelope xmlns:s=\"{soap}\"><s:Header><wsse:Security>\
         <wsse:UsernameToken Id=\"user\">\
         <wsse:Username>{handle}</wsse:Username><wsse:Password>{password}</wsse:Password></wsse:UsernameToken>\
         </wsse:Security></s:Header><s:Body>{tokens}</s:Body></s:Envelope>"
    )
}

fn between<'a>(text: &'a str, before: &'a str, after: &'a str) -> Vec<&'a str> {
    text.split(before).skip(1).map(|rest| rest.split_once(after).unwrap().0).collect()
}

#[tokio::test]
async fn a_token_for_every_site() {
    let place = Place::new().await;
    for (path, soap, kind, lifetime) in [
        ("//RST.srf", SOAP_1_1, "text/xml; charset=utf-8", "wst:LifeTime"),
        ("/PP550/rst.srf", SOAP_1_1, "text/xml; charset=utf-8", "wst:LifeTime"),
        ("/RST2.srf", SOAP_1_2, "application/soap+xml; charset=utf-8", "wst:Lifetime"),
        ("/RST2.srf", SOAP_1_1, "text/xml; charset=utf-8", "wst:LifeTime"),
    ] {
        let answer = place.post(path, &request(soap, "amy@example.com", ESCAPED, &SITES)).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert_eq!(header(&answer, "Content-Type"), Some(kind));
        let text = body(&answer);
        assert!(text.contains(soap) && text.contains(&format!("<{lifetime}><wsu:Created>20")), "{text}");
        assert_eq!(between(text, "<wsa:Address>", "</wsa:Address>"), SITES);
        let tickets = between(text, "<wsse:BinarySecurityToken Id=\"", "</wsse:BinarySecurityToken>");
        assert_eq!(tickets.len(), 2);
        for (number, ticket) in tickets.iter().enumerate() {
            let begin = format!("Compact{}\">t=", number + 1);
            let ticket = ticket.strip_prefix(&*begin).unwrap().strip_suffix("&amp;p=").unwrap();
            let account = place.store.redeem_ticket(ticket).await.unwrap().unwrap().account;
            assert_eq!(account.email.as_str(), "amy@example.com");
        }
        let mut proofs = between(text, "<wst:BinarySecret>", "</wst:BinarySecret>");
        assert!(proofs.iter().all(|proof| proof.len() == 32), "{proofs:?}");
        proofs.sort_unstable();
        proofs.dedup();
        assert_eq!(proofs.len(), 3, "each has its own");
    }
}

#[tokio::test]
async fn a_lone_token() {
    let place = Place::new().await;
    let lone = request(SOAP_1_1, "amy@example.com", ESCAPED, &["messenger.msn.com"]);
    let answer = place.post("/RST.srf", &lone).await;
    assert!(body(&answer).contains("<S:Body><wst:RequestSecurityTokenResponse xmlns"), "{answer}");
    assert!(answer.contains("Id=\"Compact1\""));
}

#[tokio::test]
async fn faults_have_status_200() {
    let place = Place::new().await;
    let asks = |handle, password| request(SOAP_1_1, handle, password, &SITES);
    for (what, text) in [
        ("another password", asks("amy@example.com", "b")),
        ("nobody", asks("nobody@example.com", ESCAPED)),
        ("suspended", asks("sue@example.com", ESCAPED)),
        ("no password", asks("amy@example.com", ESCAPED).replace("UsernameToken", "x")),
    ] {
        let answer = place.post("/RST.srf", &text).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{what}: {answer}");
        assert!(
            body(&answer).contains("<S:Fault><faultcode>wsse:FailedAuthentication</faultcode>"),
            "{what}: {answer}"
        );
    }
    let answer = place.post("/RST2.srf", &request(SOAP_1_2, "amy@example.com", "b", &SITES)).await;
    assert!(body(&answer).contains("<S:Value>wst:FailedAuthentication</S:Value>"), "{answer}");
    for bad in ["", "x", "<a/>", "<a>&b;</a>"] {
        let answer = place.post("/RST.srf", bad).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(body(&answer).contains("<faultcode>wst:InvalidRequest</faultcode>"), "{bad}: {answer}");
        assert!(body(&place.post("/RST2.srf", bad).await).contains("<S:Value>wst:InvalidRequest</S:Value>"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_server_says_so() {
    let place = Place::with("web.sign_ins_at_once = 1\nweb.sign_ins_waiting = 0").await;
    let text = request(SOAP_1_1, "amy@example.com", ESCAPED, &SITES);
    let ask = || place.post("/RST.srf", &text);
    let answers: [String; 6] = tokio::join!(ask(), ask(), ask(), ask(), ask(), ask()).into();
    let busy = answers.iter().find(|answer| answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
    assert!(body(busy.unwrap()).contains("<faultcode>wst:RequestFailed</faultcode>"), "{busy:?}");
    assert!(answers.iter().any(|answer| answer.contains("Compact1")));
}

#[tokio::test]
async fn bombs_cost_nothing() {
    let place = Place::new().await;
    let began = Instant::now();
    let entities = format!("<!DOCTYPE a [<!ENTITY b \"{}\">]><a>&b;</a>", "x".repeat(60_000));
    let deep = "<a>".repeat(20_000);
    let broad = format!("<a>{}</a>", "<b/>".repeat(16_000));
    for bomb in [entities, deep, broad] {
        let answer = place.post("/RST.srf", &bomb).await;
        assert!(body(&answer).contains("wst:InvalidRequest"), "{answer}");
    }
    assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
}
