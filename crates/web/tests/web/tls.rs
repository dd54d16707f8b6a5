//! HTTPS.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::place::{Place, Wire, header};

struct Secured {
    place: Place,
    connector: TlsConnector,
    _files: tempfile::TempDir,
}

impl Secured {
    async fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(["login.example.net".to_owned()]).unwrap();
        let files = tempfile::tempdir().unwrap();
        let at = |name: &str| files.path().join(name);
        std::fs::write(at("cert.pem"), made.cert.pem()).unwrap();
        std::fs::write(at("key.pem"), made.signing_key.serialize_pem()).unwrap();
        let config = format!(
            "web.header_time = \"500ms\"\nweb.listen = \"\"\nweb.tls.listen = \"127.0.0.1:0\"\n\
             web.tls.certificate = {:?}\nweb.tls.key = {:?}",
            at("cert.pem"),
            at("key.pem")
        );
        let place = Place::with(&config).await;
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).unwrap();
        let client = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self { place, connector: TlsConnector::from(Arc::new(client)), _files: files }
    }

    async fn connect(&self) -> Wire<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.place.address).await.unwrap();
        Wire(self.connector.connect("login.example.net".try_into().unwrap(), stream).await.unwrap())
    }
}

#[tokio::test]
async fn a_request_over_tls() {
    let secured = Secured::new().await;
    let mut wire = secured.connect().await;
    for _ in 0..2 {
        wire.send("GET / HTTP/1.1\r\nHost: login.example.net\r\n\r\n").await;
        assert!(wire.answer().await.starts_with("HTTP/1.1 200 OK\r\n"));
    }
    wire.send("GET /rdr/pprdr.asp/bare HTTP/1.1\r\nHost: login.example.net\r\n\r\n").await;
    let answer = wire.rest().await;
    assert_eq!(header(&answer, "PassportURLs"), Some("DALogin=https://login.example.net/login2.srf"));
    secured.place.stop().await;
}

/// The oldest there is: gaim of 2004 over TLS.
#[tokio::test]
async fn a_request_without_a_version_over_tls() {
    let secured = Secured::new().await;
    let mut wire = secured.connect().await;
    wire.send("GET /rdr/pprdr.asp\r\n\r\n").await;
    let answer = wire.rest().await;
    assert!(header(&answer, "PassportURLs").unwrap().contains(",DALogin=127.0.0.1:"), "{answer}");
}

#[tokio::test]
async fn who_speaks_no_tls_is_cut() {
    let secured = Secured::new().await;
    let began = Instant::now();
    assert_eq!(secured.place.ask("").await, "", "silence");
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(490) && took < Duration::from_secs(5), "{took:?}");
    let mut plain = secured.place.connect().await;
    plain.send("GET / HTTP/1.1\r\n\r\n").await;
    let mut said = Vec::new();
    // An alert, or nothing; and the end.
    let _ = tokio::io::AsyncReadExt::read_to_end(&mut plain.0, &mut said).await;
    assert!(!said.starts_with(b"HTTP"), "{said:?}");
}
