//! How long pushes and reads take with spectators watching.

use reqwest::Method;
use serde_json::{Value, json};
use sim::race_day::{Athlete, RaceDay, Size};

use super::{
    system::crowd,
    table::{head, heading, row},
    timed::Services,
};

const EVENT: &str = "PUSHES";
const PUSHES: usize = 200;
const SPECTATORS: usize = 200;
/// Longer than everything here takes.
const SECONDS: u64 = 90;

fn results(day: &RaceDay, count: usize, step: usize) -> Value {
    let race = &day.races[0];
    let athletes = day.classes[race.class].athletes.iter().take(count);
    let row = |(order, athlete): (usize, &Athlete)| {
        // One boat's time changes: what the bridge sends is always the whole list.
        let is_changed = order == step % count;
        let time = 8_000 + order * 50 + if is_changed { 1 + step % 40 } else { 0 };
        json!({ "raceId": race.race_id, "participantId": athlete.participant_id, "bib": athlete.bib,
            "time": time, "pen": 0, "total": time, "rnk": order + 1 })
    };
    json!({ "results": athletes.enumerate().map(row).collect::<Vec<_>>() })
}

/// Five boats, all of which have gone on since the last step.
pub fn boats(day: &RaceDay, step: usize) -> Value {
    let race = &day.races[0];
    let boat = |order: usize| {
        let athlete = &day.classes[race.class].athletes[order];
        json!({ "raceId": race.race_id, "bib": athlete.bib, "name": "SOMEBODY Else", "club": "A club",
            "position": order + 1, "time": step * 100, "gates": vec![Value::from(0); step % 25] })
    };
    json!({ "oncourse": (0..5).map(boat).collect::<Vec<_>>() })
}

/// Times pushes and reads.
///
/// # Panics
///
/// When something is refused.
pub async fn pushes() {
    heading("Pushes and reads, 200 spectators watching");
    head(&["what", "p50 ms", "p99 ms", "of that in the server, mean"]);
    let services = Services::start().await;
    let (ingest, gateway) = (&services.ingest, &services.gateway);
    let api = ingest.api();
    let day = RaceDay::new(
        1,
        Size {
            starts_per_class: 80,
            ..Size::default()
        },
    );
    let key = api.create(EVENT).await;
    api.push_xml(&key, &day.export_xml(0)).await;
    api.bring_to(EVENT, &key, "running").await;
    let (address, pid) = (gateway.address.clone(), gateway.process.id());
    let watching =
        std::thread::spawn(move || crowd(&address, EVENT, SPECTATORS, SECONDS, pid, &[]));
    let push = |route: &str, body: Value| {
        let request = api.request(Method::POST, route).header("X-API-Key", &key);
        request.json(&body)
    };
    let route = "/ingest/oncourse";
    let boats = |step| push(route, boats(&day, step));
    ingest
        .time("boats on the water", route, PUSHES, boats)
        .await;
    let route = "/ingest/results";
    let eighty = |step| push(route, results(&day, 80, step));
    ingest.time("results, 80 rows", route, PUSHES, eighty).await;
    let bare = services.time_bare_writes(PUSHES).await;
    let what = "for comparison: one value set in this Redis";
    row(&[&what, &bare.ms(0.5), &bare.ms(0.99), &""]);
    let route = "/events/{eventId}/results/{raceId}";
    let path = format!("/events/{EVENT}/results/{}", day.races[0].race_id);
    let reader = gateway.api();
    let read = |_| reader.request(Method::GET, &path);
    gateway
        .time("read of these 80, cached", route, PUSHES, read)
        .await;
    let tag = reader.get(&path).await.headers["etag"].clone();
    let again = |_| read(0).header("If-None-Match", &tag);
    gateway.time("the same, 304", route, PUSHES, again).await;
    let report = watching.join().expect("the crowd watches");
    assert_eq!(report["holes"], 0);
}
