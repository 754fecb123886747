//! Prints the description of the whole API: `cargo run -p system-tests --bin openapi >
//! gateway-svc/openapi.json`.

fn main() {
    print!("{}", system_tests::openapi::document());
}
