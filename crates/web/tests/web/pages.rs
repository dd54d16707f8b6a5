//! The nexus, and what is answered at other paths.

use crate::place::{Place, body, header};

const OK: &str = "HTTP/1.1 200 OK\r\n";

#[tokio::test]
async fn the_nexus_as_each_client_asks_for_it() {
    let place = Place::new().await;
    let here = place.address;
    for (client, request, host) in [
        ("5.0", "GET /rdr/pprdr.asp HTTP/1.1\r\nHost: nexus.passport.com\r\n\r\n", "nexus.passport.com"),
        ("gaim of 2004", "GET /rdr/pprdr.asp\r\n\r\n", ""),
        ("BitlBee 1.0", "GET /rdr/pprdr.asp HTTP/1.0\r\n\r\n", ""),
        ("lines of their own", "GET /rdr/pprdr.asp HTTP/1.0\n\n", ""),
        ("with empty lines around", "\r\nGET /rdr/pprdr.asp HTTP/1.0\r\n\r\n\r\n\r\n", ""),
        (
            "behind a proxy",
            "GET http://nexus.passport.com/RDR//pprdr.asp HTTP/1.0\r\nProxy-Connection: Keep-Alive\r\n\
             Host: other\r\n\r\n",
            "nexus.passport.com",
        ),
        ("a name that is none", "GET /rdr/pprdr.asp HTTP/1.1\r\nHost: a,DALogin=b/c\r\n\r\n", ""),
    ] {
        let answer = place.ask(request).await;
        assert!(answer.starts_with(OK), "{client}: {answer}");
        let host = if host.is_empty() { here.to_string() } else { host.to_owned() };
        let urls = header(&answer, "PassportURLs").unwrap_or_else(|| panic!("{client}: {answer}"));
        assert!(urls.starts_with(&format!("DARealm=Passport.Net,DALogin={host}/login2.srf,DAReg=http")), "{urls}");
        assert_eq!(header(&answer, "Connection"), Some("close"), "{client}");
        assert_eq!(header(&answer, "Content-Type"), Some("text/html"), "{client}");
        assert_eq!(body(&answer), "");
    }
}

#[tokio::test]
async fn the_nexus_of_msnp11_sdk() {
    let place = Place::new().await;
    let answer = place.get("/rdr/pprdr.asp/bare").await;
    let urls = format!("DALogin=http://{}/login2.srf", place.address);
    assert_eq!(header(&answer, "PassportURLs"), Some(&*urls));

    let named = Place::with("web.public = \"m.example:81\"\nweb.trusted_proxies = [\"127.0.0.1\"]").await;
    let answer = named.get("/rdr/pprdr.asp/bare").await;
    assert_eq!(header(&answer, "PassportURLs"), Some("DALogin=http://m.example:81/login2.srf"));
    let https = "GET /rdr/pprdr.asp/bare HTTP/1.0\r\nX-Forwarded-Proto: https\r\n\r\n";
    let answer = named.ask(https).await;
    assert_eq!(header(&answer, "PassportURLs"), Some("DALogin=https://m.example:81/login2.srf"));
}

#[tokio::test]
async fn what_there_is_and_what_there_is_not() {
    let place = Place::new().await;
    for (path, status, text) in [
        ("/", "200 OK", ""),
        ("//", "200 OK", ""),
        ("*", "200 OK", ""),
        ("/Config/MsgrConfig.asmx?op=GetClientConfig&Country=US", "200 OK", "<MsgrConfig><Simple>"),
        ("/svcs/abch_config.asp", "200 OK", "<html>"),
        ("/RAD/ADSAdClient31.dll?GetAd", "200 OK", "<html>"),
        ("/ppsecure/md5auth.srf?ru=http://elsewhere.example/", "200 OK", "<html>"),
        ("/gateway/gateway.dll?Action=open", "405 Method Not Allowed", ""),
        ("/favicon.ico", "404 Not Found", ""),
        ("/../../etc/passwd", "404 Not Found", ""),
        ("/login2.srf?ru=http://elsewhere.example/", "401 Unauthorized", ""),
        ("/rst.srf", "405 Method Not Allowed", ""),
    ] {
        let answer = place.get(path).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{path}: {answer}");
        assert!(body(&answer).starts_with(text), "{path}: {answer}");
        assert!(!answer.contains("elsewhere") && header(&answer, "Location").is_none(), "{path}: {answer}");
        assert!(answer.len() < 1000, "{path}");
    }
    let soap = place.post("/Config/MsgrConfig.asmx", "<x/>").await;
    assert!(soap.contains("<GetClientConfigResult><![CDATA[<MsgrConfig>"), "{soap}");
    let head = place.ask("HEAD /config/msgrconfig.asmx HTTP/1.0\r\n\r\n").await;
    assert!(head.ends_with("\r\n\r\n") && header(&head, "Content-Length") != Some("0"), "{head}");
}

#[tokio::test]
async fn the_daemon_can_be_off_and_says_what_hinders_it() {
    let shutdown = daemon::Shutdown::default();
    let mut parts = crate::place::parts("").await;
    let mut config = daemon::Config::clone(&parts.config);
    config.web.listen = None;
    parts.config = config.clone().into();
    assert!(web::serve(&parts, &shutdown, None).await.unwrap().is_none());

    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    config.web.listen = Some(taken.local_addr().unwrap());
    parts.config = config.into();
    let error = web::serve(&parts, &shutdown, None).await.err().unwrap();
    assert!(error.to_string().contains("[web] listen"), "{error}");
}
