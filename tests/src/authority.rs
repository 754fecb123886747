//! A certificate authority of a test's own, and clients that trust it.

use std::{path::PathBuf, process::Command, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use tempfile::TempDir;
use tokio_tungstenite::Connector;

/// An authority; its files go with it.
pub struct Authority {
    folder: TempDir,
}

impl Authority {
    /// Makes one.
    ///
    /// # Panics
    ///
    /// When `openssl` is not installed.
    pub fn new() -> Self {
        let folder = TempDir::with_prefix("eddyline-authority-").expect("a temporary folder");
        let authority = Self { folder };
        authority.openssl(
            "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem",
        );
        std::fs::create_dir(authority.served()).expect("a new folder");
        authority
    }

    /// The folder with what a server gets: one PEM file with certificate and key.
    pub fn served(&self) -> PathBuf {
        self.folder.path().join("served")
    }

    /// Issues a certificate for an address, in place of the one before: its serial number.
    ///
    /// # Panics
    ///
    /// When it can't be made.
    pub fn issue(&self, address: &str) -> String {
        self.openssl(&format!(
            "openssl req -newkey rsa:2048 -nodes -subj /CN=eddyline -keyout new.key -out new.csr && \
             printf 'subjectAltName=IP:{address}' > names && \
             openssl x509 -req -in new.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out new.pem && \
             cat new.pem new.key > new.whole && chmod 644 new.whole && mv new.whole served/site.pem",
        ));
        let serial = self.openssl("openssl x509 -in new.pem -noout -serial");
        serial.trim().trim_start_matches("serial=").to_owned()
    }

    /// The serial number of the certificate that a server shows.
    ///
    /// # Panics
    ///
    /// When it shows none.
    pub fn shown_by(&self, address: &str) -> String {
        let serial = self.openssl(&format!(
            "openssl s_client -connect {address} -CAfile ca.pem -verify_return_error </dev/null 2>/dev/null \
             | openssl x509 -noout -serial"
        ));
        serial.trim().trim_start_matches("serial=").to_owned()
    }

    fn openssl(&self, script: &str) -> String {
        let mut shell = Command::new("sh");
        shell.args(["-c", script]).current_dir(self.folder.path());
        let output = shell.output().expect("a shell");
        let complained = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script}: {complained}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn pem(&self) -> Vec<u8> {
        std::fs::read(self.folder.path().join("ca.pem")).expect("it was made")
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

/// What clients trust.
#[derive(Clone, Default)]
pub struct Trust {
    pem: Option<Arc<[u8]>>,
}

impl Trust {
    /// Certificates of that authority.
    pub fn of(authority: &Authority) -> Self {
        Self {
            pem: Some(authority.pem().into()),
        }
    }

    /// For an HTTP client.
    ///
    /// # Panics
    ///
    /// When the authority's certificate can't be read.
    pub fn http(&self) -> reqwest::ClientBuilder {
        let builder = sim::http::client();
        match &self.pem {
            Some(pem) => {
                let certificate = reqwest::Certificate::from_pem(pem).expect("a certificate");
                builder.tls_certs_only([certificate])
            }
            None => builder,
        }
    }

    /// For a WebSocket client.
    pub fn websocket(&self) -> Option<Connector> {
        Some(Connector::Rustls(Arc::new(self.tls()?)))
    }

    /// For a connection of the test's own making.
    ///
    /// # Panics
    ///
    /// When the authority's certificate can't be read.
    pub fn tls(&self) -> Option<ClientConfig> {
        let pem = self.pem.as_ref()?;
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.expect("a certificate");
            roots.add(certificate).expect("a root");
        }
        let config = ClientConfig::builder().with_root_certificates(roots);
        Some(config.with_no_client_auth())
    }
}
