//! The certificate.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use daemon::ServeError;
use daemon::config::WebTls;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Bytes of a TLS record. msn-pecan stalls on records of more than about 8 KB.
const RECORD: usize = 4096;

/// Makes ready for TLS 1.2 and 1.3. None: there is no certificate.
pub(crate) fn acceptor(settings: &WebTls) -> Result<Option<TlsAcceptor>, ServeError> {
    let WebTls { certificate, key, .. } = settings;
    if certificate.as_os_str().is_empty() {
        return Ok(None);
    }
    let chain = chain(certificate).map_err(|source| unfit("certificate", certificate, source))?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| unfit("key", key, error.into()))?;
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| unfit("certificate", certificate, error.into()))?
        .with_no_client_auth();
    let mut config = builder.with_single_cert(chain, secret).map_err(|error| unfit("key", key, error.into()))?;
    config.max_fragment_size = Some(RECORD);
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, Box<dyn Error + Send + Sync>> {
    let chain: Vec<_> = CertificateDer::pem_file_iter(path)?.collect::<Result<_, _>>()?;
    if chain.is_empty() { Err("there is no certificate in it".into()) } else { Ok(chain) }
}

fn unfit(what: &'static str, path: &Path, source: Box<dyn Error + Send + Sync>) -> ServeError {
    ServeError::Certificate { what, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::path::PathBuf;

    use super::*;

    /// What an operator reads: the error and its source.
    fn told(certificate: PathBuf, key: PathBuf) -> String {
        let listen = "127.0.0.1:0".parse().unwrap();
        match acceptor(&WebTls { listen, certificate, key }) {
            Ok(_) => "it is fit".to_owned(),
            Err(error) => format!("{error}: {}", error.source().unwrap()),
        }
    }

    #[test]
    fn unfit_files_are_named() {
        let made = || rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let (ours, other) = (made(), made());
        std::fs::write(at("cert.pem"), ours.cert.pem()).unwrap();
        std::fs::write(at("key.pem"), ours.signing_key.serialize_pem()).unwrap();
        std::fs::write(at("other.pem"), other.signing_key.serialize_pem()).unwrap();
        std::fs::write(at("empty.pem"), "").unwrap();
        assert_eq!(told(at("cert.pem"), at("key.pem")), "it is fit");
        for (certificate, key, what) in [
            ("none.pem", "key.pem", "No such file"),
            ("empty.pem", "key.pem", "there is no certificate in it"),
            ("key.pem", "key.pem", "there is no certificate in it"),
            ("cert.pem", "none.pem", "No such file"),
            ("cert.pem", "empty.pem", "no items found"),
            ("cert.pem", "cert.pem", "no items found"),
            ("cert.pem", "other.pem", "KeyMismatch"),
        ] {
            let said = told(at(certificate), at(key));
            let file = if what == "KeyMismatch" || certificate == "cert.pem" { key } else { certificate };
            assert!(said.contains(what) && said.contains(file) && said.contains("[web.tls]"), "{said}");
        }
    }
}
