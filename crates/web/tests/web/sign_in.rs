//! Passport 1.4, and Escargot's way.

use std::time::Duration;

use tokio::task::JoinSet;

use crate::place::{ENCODED, PASSWORD, Place, body, header};

const TAIL: &str = "lc=1033,id=507,tw=40,fs=1,ru=http%3A%2F%2Fmessenger%2Emsn%2Ecom,ct=1062764229,kpp=1,kv=1,\
     ver=2.1.0173.1,tpf=00112233445566778899aabbccddeeff";

fn login(handle: &str, password: &str) -> String {
    format!(
        "GET /login2.srf HTTP/1.1\r\nAuthorization: Passport1.4 OrgVerb=GET,OrgURL=http%3A%2F%2Fmessenger%2Emsn%2Ecom,\
         sign-in={handle},pwd={password},{TAIL}\r\nUser-Agent: MSMSGS\r\nHost: login.passport.com\r\n\
         Connection: Keep-Alive\r\nCache-Control: no-cache\r\n\r\n"
    )
}

/// The ticket, as clients of all kinds find it.
fn ticket(answer: &str) -> &str {
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert_eq!(header(answer, "Content-Type"), Some("text/html"));
    assert_eq!(header(answer, "Connection"), Some("close"));
    assert_eq!(body(answer), "");
    let info = header(answer, "Authentication-Info").unwrap();
    assert!(info.starts_with("Passport1.4 da-status=success,tname=MSPAuth,"), "{info}");
    let (_, rest) = info.split_once("from-PP='").unwrap();
    // msnp11-sdk takes all the rest; the others go up to the quote.
    let all = rest.replace('\'', "");
    assert_eq!(rest.split_once('\'').unwrap(), (&*all, ""));
    rest.strip_prefix("t=").unwrap().strip_suffix("&p='").unwrap()
}

async fn redeemed(place: &Place, ticket: &str) -> Option<String> {
    place.store.redeem_ticket(ticket).await.unwrap().map(|entrant| entrant.account.email.to_string())
}

#[tokio::test]
async fn a_password_gets_a_ticket() {
    let place = Place::new().await;
    let good = login("amy%40example.com", ENCODED);
    for (client, request) in [
        ("5.0", good.clone()),
        ("CenterIM", good.replace("HTTP/1.1", "HTTP/1.0").replace("Host: login.passport.com\r\n", "")),
        ("Messenger:mac", good.replace("/login2.srf", "//PPSecure/Login2.srf?lc=1033")),
        ("a scheme too many", good.replace("Passport1.4 ", "Passport1.4 Passport1.4 ")),
        ("without encoding", login("AMY@example.com", "a%2Cb%<é>&")),
        ("a POST", good.replace("GET /", "POST /")),
    ] {
        let answer = place.ask(request).await;
        assert_eq!(redeemed(&place, ticket(&answer)).await.as_deref(), Some("amy@example.com"), "{client}");
    }
}

#[tokio::test]
async fn a_refusal_looks_the_same_whatever_is_wrong() {
    let place = Place::new().await;
    let mut answers = Vec::new();
    for (what, request) in [
        ("another password", login("amy%40example.com", "b")),
        ("no password", login("amy%40example.com", "")),
        ("nobody", login("nobody%40example.com", ENCODED)),
        ("no handle", login("amy", ENCODED)),
        ("a long password", login("amy%40example.com", &"a".repeat(2000))),
        ("suspended", login("sue%40example.com", ENCODED)),
        ("suspended, with another password", login("sue%40example.com", "b")),
        ("nothing", "GET /login2.srf HTTP/1.1\r\nConnection: close\r\n\r\n".to_owned()),
        ("another scheme", "GET /login.srf HTTP/1.1\r\nAuthorization: Basic YTpi\r\n\r\n".to_owned()),
    ] {
        let answer = place.ask(request).await;
        assert!(answer.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{what}: {answer}");
        let why = header(&answer, "WWW-Authenticate").unwrap();
        assert!(why.starts_with("Passport1.4 da-status=failed,srealm=Passport.NET,ts=-3,prompt,cburl=http"), "{why}");
        assert!(why.contains(",cbtxt=The%20e%2Dmail") && header(&answer, "Authentication-Info").is_none(), "{answer}");
        // But for the time of day.
        answers.push(answer.lines().filter(|line| !line.starts_with("Date")).collect::<String>());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_is_told_to_come_later() {
    let place = Place::with("web.sign_ins_at_once = 1\nweb.sign_ins_waiting = 1").await;
    let mut storm = JoinSet::new();
    let place = std::sync::Arc::new(place);
    for _ in 0..16 {
        let place = place.clone();
        storm.spawn(async move { place.ask(login("amy%40example.com", ENCODED)).await });
    }
    let answers = storm.join_all().await;
    let count = |status: &str| answers.iter().filter(|answer| answer.starts_with(status)).count();
    let (good, busy) = (count("HTTP/1.1 200 OK\r\n"), count("HTTP/1.1 503 Service Unavailable\r\n"));
    assert!(good > 0 && busy > 0 && good + busy == 16, "{good} {busy}");
    assert!(answers.iter().all(|answer| answer.starts_with("HTTP/1.1 2") || header(answer, "Retry-After").is_some()));
    ticket(&place.ask(login("amy%40example.com", ENCODED)).await);
}

/// Loopback is exempt, so the clients come through a program in front.
#[tokio::test]
async fn an_address_that_fails_too_often_has_to_wait() {
    let config = "web.trusted_proxies = [\"127.0.0.1\"]\nweb.failed_sign_ins = 2\nweb.failed_sign_in_time = \"2s\"";
    let place = Place::with(config).await;
    let from = |address: &str, request: &str| {
        request.replace("Host:", &format!("X-Forwarded-For: 1.2.3.4, {address}\r\nHost:"))
    };
    let (good, bad) = (login("amy%40example.com", ENCODED), login("amy%40example.com", "b"));
    let far = "203.0.113.7";
    for _ in 0..5 {
        ticket(&place.ask(from(far, &good)).await);
    }
    for _ in 0..2 {
        assert!(place.ask(from(far, &bad)).await.starts_with("HTTP/1.1 401 "));
    }
    for request in [&good, &bad] {
        assert!(place.ask(from(far, request)).await.starts_with("HTTP/1.1 503 "), "also with the right password");
    }
    ticket(&place.ask(from("203.0.113.8", &good)).await);
    tokio::time::sleep(Duration::from_millis(2100)).await;
    ticket(&place.ask(from(far, &good)).await);
    for _ in 0..5 {
        assert!(place.ask(&bad).await.starts_with("HTTP/1.1 401 "), "loopback is exempt");
    }
}

#[tokio::test]
async fn escargots_way() {
    let place = Place::new().await;
    let post = |user: &str, password: &str| {
        format!(
            "POST /NotRST.srf HTTP/1.1\r\nX-User: {user}\r\nX-Password: {password}\r\nContent-Length: 0\r\n\
             Connection: close\r\n\r\n"
        )
    };
    let answer = place.ask(post("amy@example.com", PASSWORD)).await;
    let token = header(&answer, "X-Token").unwrap();
    assert_eq!(redeemed(&place, token).await.as_deref(), Some("amy@example.com"));
    for (user, password) in [("amy@example.com", "b"), ("nobody@example.com", "b"), ("sue@example.com", PASSWORD)] {
        let answer = place.ask(post(user, password)).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && header(&answer, "X-Token").is_none(), "{answer}");
    }
    let without = place.post("/notrst.srf", "").await;
    assert!(without.starts_with("HTTP/1.1 200 OK\r\n") && header(&without, "X-Token").is_none(), "{without}");
    let may = place.ask("OPTIONS /NotRST.srf HTTP/1.1\r\nOrigin: http://a\r\nConnection: close\r\n\r\n").await;
    assert!(may.starts_with("HTTP/1.1 200 OK\r\n"), "{may}");
    assert_eq!(header(&may, "Access-Control-Allow-Headers"), Some("X-User, X-Password, Content-Type"));
    assert!(place.get("/NotRST.srf").await.starts_with("HTTP/1.1 405 "));
}
