//! Redis is away: what was known is still served, what is new is refused clearly, and everyone has the
//! truth when it is back.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use reqwest::Method;
use system_tests::{Spectator, Stack, until};

use super::{RACE, push, running};

async fn status(stack: &Stack, path: &str) -> u16 {
    let origin = &stack.gateways[0].origin;
    let answer = sim::http::get(format!("{origin}{path}"))
        .await
        .expect("an answer");
    answer.status().as_u16()
}

#[tokio::test]
async fn gateways_serve_from_memory_and_everyone_catches_up_afterwards() {
    let (mut stack, key) = running(&["--max-connections-per-event=10"]).await;
    let results = format!("/events/E/results/{RACE}");
    let gateway = stack.gateway_at(0);
    let mut watching = stack.watch(0, "E").await;
    let full = watching.message().await;
    push(&stack, &key, 1, 9000).await;
    watching.message().await;
    let paths = [
        "/events",
        "/events/E",
        "/events/E/oncourse",
        results.as_str(),
    ];
    let mut before = Vec::new();
    for path in paths {
        before.push(gateway.get(path).await.body);
    }

    stack.redis_mut().kill();
    let away_since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a clock");
    for (path, before) in paths.iter().zip(&before) {
        let answer = gateway.get(path).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.body),
            (200, before),
            "{path}"
        );
    }
    let unknown = gateway.get("/events/E/startlist/K1M_QUA_4").await;
    assert_eq!(unknown.status, 503, "nobody has read it yet");
    assert!(unknown.headers.contains_key("retry-after"));
    assert_eq!(
        (
            status(&stack, "/ready").await,
            status(&stack, "/serving").await
        ),
        (503, 200)
    );

    let mut newcomer = stack.watch(0, "E").await;
    let from_memory = newcomer.message().await;
    assert_eq!(from_memory["seq"], full["seq"].as_u64().expect("a seq") + 1);
    let as_of = from_memory["ts"].as_u64().expect("a moment");
    assert!(
        u128::from(as_of) <= away_since.as_millis(),
        "as of when Redis last confirmed it"
    );
    let origin = &stack.gateways[0].origin;
    let back = Spectator::resume(origin, "E", watching.standing()).await;
    assert_eq!(back.expect("let in").message().await["missed"], 0);

    stack.redis_mut().restart().await;
    until("ingest to take results again", || async {
        let pushed = stack.ingest().push_result(&key, RACE, 2, 9100).await;
        (pushed.status == 200).then_some(())
    })
    .await;
    for spectator in [&mut watching, &mut newcomer] {
        // A restarted server starts a new epoch.
        assert_eq!(spectator.message().await["type"], "full");
    }
    assert_eq!(gateway.get(&results).await.body["results"][1]["time"], 9100);
}

#[tokio::test]
async fn no_more_than_its_share_is_let_in_while_redis_is_away() {
    let (mut stack, _) = running(&["--max-connections-per-event=3"]).await;
    let mut inside = vec![stack.watch(0, "E").await];
    inside[0].message().await;
    stack.redis_mut().kill();
    for _ in 0..2 {
        inside.push(stack.watch(0, "E").await);
    }
    let refused = stack
        .try_watch(0, "E")
        .await
        .err()
        .expect("all places are taken");
    assert_eq!(refused.status, 503);
}

#[tokio::test]
async fn a_spectator_that_knows_more_than_the_gateway_is_never_taken_back() {
    let (mut stack, key) = running(&[]).await;
    let mut watching = stack.watch(0, "E").await;
    watching.message().await;
    push(&stack, &key, 1, 9000).await;
    watching.message().await;
    let mut ahead = watching.standing();
    ahead.seq += 1;
    stack.redis_mut().kill();
    let origin = &stack.gateways[0].origin;
    let mut back = Spectator::resume(origin, "E", ahead).await.expect("let in");
    let (messages, code, _) = back.until_closed().await;
    assert_eq!((messages, code), (Vec::new(), 1013));
}

#[tokio::test]
async fn ingest_answers_in_time_whether_redis_is_dead_or_frozen() {
    let (mut stack, key) = running(&[]).await;
    let limit = Duration::from_secs(11);
    let calls = |stack: &Stack| {
        let api = stack.ingest();
        let boats = serde_json::json!({ "oncourse": [{ "raceId": RACE, "bib": 1 }] });
        let key = key.clone();
        async move {
            let started = Instant::now();
            let answers = [
                api.push_result(&key, RACE, 1, 9000).await,
                api.push(&key, "/ingest/oncourse", &boats).await,
                api.set_status("E", &key, "finished").await,
                api.send(api.request(Method::GET, "/admin/events")).await,
            ];
            for answer in answers {
                assert_eq!(answer.status, 503, "{}", answer.body);
                assert_eq!(answer.body["error"], "Service unavailable");
                assert!(answer.headers.contains_key("retry-after"));
            }
            assert!(
                started.elapsed() < limit * 4,
                "each answer comes within its time"
            );
        }
    };
    stack.redis().signal("STOP");
    calls(&stack).await;
    stack.redis().signal("CONT");
    until("ingest to take results again", || async {
        let pushed = stack.ingest().push_result(&key, RACE, 1, 9000).await;
        (pushed.status == 200).then_some(())
    })
    .await;
    stack.redis_mut().kill();
    calls(&stack).await;
}
