//! The description of the whole API, put together from what both services say of themselves.

use common::protocol::{ErrorBody, LiveMessage};
use utoipa::{
    OpenApi,
    openapi::{
        Components,
        security::{ApiKey, ApiKeyValue, SecurityScheme},
    },
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Eddyline",
        description = "Live results of canoe slalom: ingest for the timing booth, reads and a live stream for everyone.",
        license(name = "MIT", identifier = "MIT")
    ),
    servers((url = "/")),
    tags(
        (name = "public", description = "Reads, open to all origins, with `ETag` and 304. `seq` in a body is the position of that resource's last change; `X-Event-Seq` and `X-Event-Epoch` say where the event stood."),
        (name = "live", description = "The stream of changes."),
        (name = "ingest", description = "Pushes from the timing booth."),
        (name = "admin", description = "Events, their states, keys and configuration."),
    ),
    components(schemas(ErrorBody, LiveMessage))
)]
struct Whole;

/// As `gateway-svc/openapi.json` must be, to the letter.
///
/// # Panics
///
/// Never: the description is plain data.
pub fn document() -> String {
    let mut whole = Whole::openapi();
    whole.merge(ingest_svc::api_document());
    whole.merge(gateway_svc::api_document());
    let components = whole.components.get_or_insert_with(Components::new);
    for (name, header) in [("key", "X-API-Key"), ("master", "X-Master-Key")] {
        let scheme = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new(header)));
        components.add_security_scheme(name, scheme);
    }
    let json = whole.to_pretty_json();
    format!("{}\n", json.expect("plain data"))
}
