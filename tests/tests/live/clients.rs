//! WebSocket clients that others have written: a browser and Python (tungstenite is in every other test).
//! Both offer compression by themselves.

use std::process::Command;

use serde_json::{Value, json};
use system_tests::{SAMPLE_XML, Stack, browser::Browser, process::Process};

use super::watched;

const MESSAGES: u64 = 3;

/// A system that is about to say three compressible things, and the address to hear them at.
async fn about_to_speak() -> (Stack, String, String) {
    let (stack, key) = watched().await;
    let address = stack.gateways[0].origin.replacen("http", "ws", 1);
    (stack, key, format!("{address}/api/v1/events/E/ws"))
}

async fn speak(stack: &Stack, key: &str) {
    let api = stack.ingest();
    api.push_xml(key, SAMPLE_XML).await;
    api.set_status("E", key, "running").await;
}

fn assert_heard(messages: &[Value]) {
    let kinds: Vec<_> = messages.iter().map(|m| m["type"].clone()).collect();
    assert_eq!(kinds, ["full", "full", "diff"], "{messages:?}");
    assert_eq!(
        messages[1]["data"]["races"].as_array().map(Vec::len),
        Some(3)
    );
    assert_eq!(messages[2]["data"]["status"], "running");
}

#[tokio::test]
async fn a_browser_follows_the_stream_and_agrees_on_compression() {
    let (stack, key, url) = about_to_speak().await;
    let browser = Browser::start(800, 600).await;
    // Any page of the gateway's own.
    let page = format!("{}/docs", stack.gateways[0].origin);
    browser.client.goto(&page).await.expect("the page loads");
    let open = "
        const [url, done] = arguments;
        window.heard = [];
        window.socket = new WebSocket(url);
        socket.onmessage = (event) => heard.push(event.data);
        socket.onopen = () => done(socket.extensions);
        socket.onerror = () => done('error');";
    let extensions = browser.run(open, vec![json!(url)]).await;
    let extensions = extensions.as_str().expect("text");
    assert!(extensions.starts_with("permessage-deflate"), "{extensions}");
    speak(&stack, &key).await;
    let wait = "
        const [count, done] = arguments;
        const look = () => heard.length >= count ? done(heard) : setTimeout(look, 10);
        look();";
    let heard = browser.run(wait, vec![json!(MESSAGES)]).await;
    let texts = heard.as_array().expect("a list").iter();
    let messages: Vec<Value> = texts
        .map(|text| serde_json::from_str(text.as_str().expect("text")).expect("JSON"))
        .collect();
    assert_heard(&messages);
    let close = "
        const [done] = arguments;
        socket.onclose = (event) => done([event.code, event.wasClean]);
        socket.close(3001, 'enough');";
    assert_eq!(browser.run(close, vec![]).await, json!([3001, true]));
    browser.close().await;
}

const PYTHON: &str = "
import asyncio, sys, websockets

async def main():
    async with websockets.connect(sys.argv[1]) as socket:
        print('agreed', [extension.name for extension in socket.extensions], flush=True)
        for _ in range(int(sys.argv[2])):
            print('heard', await socket.recv(), flush=True)
        await (await socket.ping())
    print('closed', socket.close_code, flush=True)

asyncio.run(main())
";

#[tokio::test]
async fn python_follows_the_stream_and_agrees_on_compression() {
    let (stack, key, url) = about_to_speak().await;
    // Debian's own Python has Debian's library.
    let mut command = Command::new("/usr/bin/python3");
    command.args(["-c", PYTHON, &url, &MESSAGES.to_string()]);
    let mut python = Process::start("python", &mut command);
    assert_eq!(python.wait_for("agreed "), "['permessage-deflate']");
    speak(&stack, &key).await;
    assert_eq!(python.wait_for("closed "), "1000");
    let output = python.output();
    let texts = output
        .lines()
        .filter_map(|line| line.strip_prefix("heard "));
    let messages: Vec<Value> = texts
        .map(|text| serde_json::from_str(text).expect("JSON"))
        .collect();
    assert_heard(&messages);
}
