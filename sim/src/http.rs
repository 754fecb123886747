//! The HTTP client that all simulators and tests call servers with.

/// Starts a client. TLS goes by *ring*, as everywhere here: the default provider of the client
/// would need a C toolchain with CMake.
pub fn client() -> reqwest::ClientBuilder {
    // Only the first call in a process does anything.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
}

/// One GET with a client of its own.
pub async fn get(url: impl reqwest::IntoUrl) -> reqwest::Result<reqwest::Response> {
    client().build()?.get(url).send().await
}
