//! Days as they are really run: small exports with what is right about them, asked of real servers. The
//! exports are in `tests/cases`.

use serde_json::{Value, json};
use system_tests::{Api, Stack};

/// An event into which one of the exports was imported.
struct Day {
    stack: Stack,
    api: Api,
    gateway: Api,
    key: String,
    imported: Value,
}

fn file(name: &str) -> String {
    let path = format!("{}/cases/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).expect("a file of tests/cases")
}

impl Day {
    async fn of(name: &str) -> Self {
        Self::from(&file(name)).await
    }

    async fn from(xml: &str) -> Self {
        let stack = Stack::start().await;
        let (api, gateway) = (stack.ingest(), stack.gateway_at(0));
        let key = api.create("E").await;
        let answer = api.push_xml(&key, xml).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        api.bring_to("E", &key, "running").await;
        Self {
            stack,
            api,
            gateway,
            key,
            imported: answer.body,
        }
    }

    async fn read(&self, path: &str) -> Value {
        let answer = self.gateway.get(&format!("/events/E{path}")).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    async fn results(&self, race_id: &str) -> Vec<Value> {
        let path = format!("/results/{race_id}?detailed=true");
        let body = self.read(&path).await;
        body["results"].as_array().expect("a list").clone()
    }

    async fn startlist(&self, race_id: &str) -> Vec<Value> {
        let body = self.read(&format!("/startlist/{race_id}")).await;
        body["startlist"].as_array().expect("a list").clone()
    }

    async fn push(&self, row: Value) -> Value {
        let rows = json!({ "results": [row] });
        let answer = self.api.push(&self.key, "/ingest/results", &rows).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    }
}

/// One field of each row.
fn each(rows: &[Value], field: &str) -> Value {
    rows.iter().map(|row| row[field].clone()).collect()
}

fn all_differ(rows: &[Value], field: &str) -> bool {
    let mut values: Vec<_> = rows.iter().map(|row| row[field].to_string()).collect();
    values.sort();
    values.dedup();
    values.len() == rows.len()
}

fn numbers(range: impl Iterator<Item = u32>) -> Value {
    json!(range.collect::<Vec<_>>())
}

#[tokio::test]
async fn the_time_trial_of_a_cross_counts_faults_before_time() {
    let day = Day::of("cross.xml").await;
    let list = day.results("MX1_XT_25").await;
    assert_eq!(each(&list, "bib"), numbers((1..=12).rev()));
    assert_eq!(each(&list, "rnk"), numbers(1..=12));
    assert_eq!(each(&list[10..], "faults"), json!([1, 2]));
    assert!(list.iter().all(|row| row["totalBehind"].is_null()));
    assert!(list.iter().all(|row| row["time"].is_u64()));
    let gates = |row: &Value| row["gates"].as_array().map(Vec::len);
    assert!(list.iter().all(|row| gates(row) == Some(9)));
    let starts = day.startlist("MX1_XT_25").await;
    assert_eq!(starts[0]["startTime"], "09:11:00");
}

#[tokio::test]
async fn heats_are_ranked_by_places_and_have_no_times() {
    let day = Day::of("cross.xml").await;
    let list = day.results("MX1_XF_26").await;
    assert_eq!(each(&list, "bib"), json!([2, 1, 4, 3, 6, 5, 8, 7]));
    assert_eq!(each(&list, "rnk"), numbers(1..=8));
    assert_eq!(each(&list, "heat"), json!([1, 1, 1, 1, 2, 2, 2, 2]));
    assert_eq!(each(&list, "heatPlace"), json!([1, 2, 3, 4, 1, 2, 3, 4]));
    for field in ["time", "total", "totalBehind"] {
        assert!(list.iter().all(|row| row[field].is_null()), "{field}");
    }
    let starts = day.startlist("MX1_XF_26").await;
    assert!(starts.iter().all(|start| start["startTime"].is_null()));
}

#[tokio::test]
async fn the_result_of_a_cross_lists_finalists_first_and_others_by_their_time_trial() {
    let day = Day::of("cross.xml").await;
    let list = day.results("MX1_XER_26").await;
    let order = ["2", "1", "4", "3", "6", "5", "8", "7", "4", "3", "2", "1"];
    assert_eq!(each(&list, "bibText"), json!(order));
    let bibs = json!([2, 1, 4, 3, 6, 5, 8, 7, null, null, null, null]);
    assert_eq!(each(&list, "bib"), bibs);
    assert!(all_differ(&list, "rowId"));
    assert_eq!(each(&list[8..], "time"), json!([7012, 7189, 6050, 6010]));
    let event = day.read("").await;
    let races = event["races"].as_array().expect("races");
    assert_eq!(races[2]["raceType"], "cross-extra");
    // Somebody wears 4 in the heats, and somebody else wore 4 in the time trial.
    let row =
        json!({ "raceId": "MX1_XER_26", "participantId": "7009.MX1", "bib": 4, "status": "DSQ" });
    assert_eq!(day.push(row).await, json!({ "updated": 1 }));
    let after = day.results("MX1_XER_26").await;
    let changed: Vec<usize> = (0..12).filter(|&i| list[i] != after[i]).collect();
    assert_eq!(changed, [8]);
    assert_eq!(
        (&after[8]["status"], &after[8]["time"]),
        (&json!("DSQ"), &json!(7012))
    );
}

#[tokio::test]
async fn live_rows_of_a_cross_change_status_and_in_a_time_trial_times() {
    let day = Day::of("cross.xml").await;
    day.push(json!({ "raceId": "MX1_XF_26", "bib": 2, "time": 1000, "total": 1000, "status": "DNF", "rnk": 8 }))
        .await;
    let final_list = day.results("MX1_XF_26").await;
    assert_eq!(final_list[0]["bib"], 2);
    assert_eq!(final_list[0]["rnk"], 1, "the export ranks");
    assert_eq!(final_list[0]["status"], "DNF");
    assert_eq!(final_list[0]["time"], Value::Null);
    day.push(json!({ "raceId": "MX1_XT_25", "bib": 12, "time": 5000, "pen": 0, "total": 5000, "rnk": 9 }))
        .await;
    let trial = day.results("MX1_XT_25").await;
    assert_eq!(
        (&trial[0]["bib"], &trial[0]["time"]),
        (&json!(12), &json!(5000))
    );
    assert_eq!(trial[0]["rnk"], 1);
}

#[tokio::test]
async fn until_the_export_ranks_a_cross_its_rows_stand_by_the_live_ranks() {
    let unranked = file("cross.xml");
    let unranked: Vec<&str> = unranked
        .lines()
        .filter(|line| !line.contains("<Rnk>"))
        .collect();
    let day = Day::from(&unranked.join("\n")).await;
    for (bib, rank) in [(1, 2), (2, 3), (3, 1)] {
        day.push(json!({ "raceId": "MX1_XF_26", "bib": bib, "rnk": rank }))
            .await;
    }
    let list = day.results("MX1_XF_26").await;
    assert_eq!(each(&list[..3], "bib"), json!([3, 1, 2]));
    assert_eq!(each(&list[..4], "rnk"), json!([1, 2, 3, null]));
    // At once, also within the 30 s.
    day.api.push_xml(&day.key, &file("cross.xml")).await;
    let list = day.results("MX1_XF_26").await;
    assert_eq!(each(&list, "bib"), json!([2, 1, 4, 3, 6, 5, 8, 7]));
}

#[tokio::test]
async fn gates_are_those_of_the_course_however_the_field_is_padded() {
    let padded = file("padded-gates.xml");
    let day = Day::from(&padded).await;
    let gates = |rows: &[Value]| -> Vec<(usize, usize)> {
        let gates = |row: &Value| row["gates"].as_array().expect("gates").clone();
        let judged = |gates: &[Value]| gates.iter().filter(|g| !g["penalty"].is_null()).count();
        let counted = rows.iter().map(gates);
        counted.map(|gates| (gates.len(), judged(&gates))).collect()
    };
    let by_bib = |mut rows: Vec<Value>| {
        rows.sort_by_key(|row| row["bib"].as_u64());
        rows
    };
    let list = by_bib(day.results("K1M_SR_25").await);
    assert_eq!(gates(&list), [(18, 18), (18, 18), (18, 5)]);
    assert_eq!(list[0]["courseGateCount"], 18);
    assert_eq!(list[0]["gates"][17]["penalty"], 2);
    let body = day.read("/results/K1M_SR_25").await;
    assert_eq!(body["race"]["raceState"], "unofficial");
    let start = padded.find("<CourseData>").expect("a course");
    let end = padded.find("</CourseData>").expect("a course") + "</CourseData>".len();
    let without = format!("{}{}", &padded[..start], &padded[end..]);
    day.api.push_xml(&day.key, &without).await;
    let list = by_bib(day.results("K1M_SR_25").await);
    assert_eq!(gates(&list), [(18, 18), (18, 18), (5, 5)]);
    // Boats on the water likewise.
    day.api.push_xml(&day.key, &padded).await;
    let mut on_course = vec![json!(0); 5];
    on_course.extend(vec![Value::Null; 25]);
    let boat = json!({ "oncourse": [{ "raceId": "K1M_SR_25", "bib": 3, "gates": on_course }] });
    day.api.push(&day.key, "/ingest/oncourse", &boat).await;
    let water = day.read("/oncourse").await;
    assert_eq!(
        water["oncourse"][0]["gates"].as_array().map(Vec::len),
        Some(18)
    );
}

#[tokio::test]
async fn two_groups_on_one_day_are_two_lists() {
    let day = Day::of("groups.xml").await;
    for (group, bibs) in [("SEN", [1, 2, 3]), ("JUN", [4, 5, 6])] {
        for run in ["BR1", "BR2"] {
            let mut list = day.results(&format!("K1M_{run}_25_{group}")).await;
            list.sort_by_key(|row| row["bib"].as_u64());
            assert_eq!(each(&list, "bib"), json!(bibs), "{run} {group}");
            assert!(
                list.iter()
                    .all(|row| row["prevTotal"].is_u64() && row["total"].is_u64())
            );
        }
    }
}

#[tokio::test]
async fn equal_better_totals_are_decided_by_the_other_run() {
    let day = Day::of("ties.xml").await;
    for run in ["BR1", "BR2"] {
        let list = day.results(&format!("K1W_{run}_25")).await;
        assert_eq!(each(&list, "bib"), json!([2, 1, 3, 4, 5]), "{run}");
        assert_eq!(each(&list, "rnk"), numbers(1..=5));
        assert_eq!(each(&list, "catRnk"), numbers(1..=5));
    }
}

#[tokio::test]
async fn teams_have_letters_members_and_rows_of_their_own() {
    let day = Day::of("teams.xml").await;
    let list = day.results("K1T_TSR_25").await;
    let mut letters: Vec<_> = list.iter().map(|row| row["bibText"].clone()).collect();
    letters.sort_by_key(ToString::to_string);
    assert_eq!(json!(letters), json!(["A", "B"]));
    assert!(list.iter().all(|row| row["bib"].is_null()));
    assert!(all_differ(&list, "rowId"));
    let of = |list: &[Value], letter: &str| {
        let row = list.iter().find(|row| row["bibText"] == letter);
        row.expect("the team").clone()
    };
    let members = of(&list, "A")["members"].as_array().map(Vec::len);
    assert_eq!(members, Some(3));
    assert!(
        of(&list, "A")["members"][0]
            .as_str()
            .is_some_and(|name| name.contains(' '))
    );
    let starts = day.startlist("K1T_TSR_25").await;
    assert_eq!(
        starts[0]["rowId"],
        of(&list, starts[0]["bibText"].as_str().unwrap_or(""))["rowId"]
    );

    let row = json!({"participantId":"TA.K1T","raceId":"K1T_TSR_25","bib":null,"time":11900,"pen":200,"total":12100});
    assert_eq!(day.push(row).await, json!({ "updated": 1 }));
    let after = day.results("K1T_TSR_25").await;
    assert_eq!(of(&after, "A")["total"], 12100);
    assert_eq!(of(&after, "B")["total"], of(&list, "B")["total"]);
    let by_letter = json!({"raceId":"K1T_TSR_25","bib":"A","time":11800,"pen":400,"total":12200,
        "gates":[{"gate":1,"pen":4},{"gate":2,"pen":5200}]});
    assert_eq!(day.push(by_letter).await, json!({ "updated": 1 }));
    let after = day.results("K1T_TSR_25").await;
    assert_eq!(of(&after, "A")["total"], 12200);
    assert_eq!(of(&after, "A")["gates"][1]["penalty"], 52);
    let no_team = json!({"raceId":"K1M_SR_25","bib":1,"time":9000,"gates":[{"gate":1,"pen":4}]});
    let rows = json!({ "results": [no_team, {"raceId":"K1M_SR_25","bib":2,"time":9000}] });
    let answer = day.api.push(&day.key, "/ingest/results", &rows).await.body;
    assert_eq!(
        (&answer["updated"], &answer["skippedCount"]),
        (&json!(1), &json!(1))
    );
}

#[tokio::test]
async fn codes_marks_and_what_can_t_be_read() {
    let day = Day::of("statuses.xml").await;
    assert_eq!(day.imported["warningCount"], 2);
    let warnings = day.imported["warnings"].as_array().expect("warnings");
    let named: Vec<_> = warnings
        .iter()
        .map(|w| (w["section"].clone(), w["field"].clone(), w["value"].clone()))
        .collect();
    assert_eq!(
        json!(named),
        json!([["Results", "Time", "83170.5"], ["Results", "Pen", "*"]])
    );
    let lines = file("statuses.xml");
    let line = warnings[0]["line"]
        .as_u64()
        .and_then(|line| usize::try_from(line).ok());
    let told = lines
        .lines()
        .nth(line.expect("a line") - 1)
        .expect("a line");
    assert!(told.contains("83170.5"), "{told}");

    let list = day.results("C1M_SR_25").await;
    assert_eq!(each(&list, "bib"), json!([1, 4, 2, 3, 6, 9, 5, 7, 8]));
    assert_eq!(each(&list[..3], "rnk"), json!([1, 2, null]));
    assert_eq!(each(&list[..2], "total"), json!([10000, 10300]));
    assert_eq!(list[1]["underReview"], true);
    let statuses = json!(["DSQ", "DSQ", "RAL", "DNF", "DNS", null, null]);
    assert_eq!(each(&list[2..], "status"), statuses);
    let codes = json!(["DSQ-R", "DQB", null, null, "DNS-A", null, null]);
    assert_eq!(each(&list[2..], "statusCode"), codes);
    assert!(list[2..].iter().all(|row| row["rnk"].is_null()));
    // Live rows speak the same codes.
    day.push(
        json!({ "raceId": "C1M_SR_25", "bib": 1, "time": 10000, "pen": 0, "status": "NON-RK" }),
    )
    .await;
    let list = day.results("C1M_SR_25").await;
    assert_eq!((&list[0]["bib"], &list[0]["rnk"]), (&json!(4), &json!(1)));
    let not_ranked = list.iter().find(|row| row["bib"] == 1).expect("bib 1");
    assert_eq!(not_ranked["status"], "NON-RK");
}

#[tokio::test]
async fn states_of_races_are_words() {
    let day = Day::of("two-days.xml").await;
    let event = day.read("").await;
    let races = event["races"].as_array().expect("races");
    let words = json!(["official", "unofficial", "scheduled", "postponed"]);
    assert_eq!(each(races, "raceState"), words);
    assert_eq!(each(races, "raceStatus"), json!([5, 4, 0, 13]));
    for (number, word) in [
        (1, "startlist"),
        (2, "startlist"),
        (3, "running"),
        (6, "official"),
        (7, "cancelled"),
        (12, "postponed"),
        (99, "unknown"),
    ] {
        let xml = file("two-days.xml").replace(
            "<RaceStatus>13</RaceStatus>",
            &format!("<RaceStatus>{number}</RaceStatus><CustomTitle>Finále A</CustomTitle>"),
        );
        day.api.push_xml(&day.key, &xml).await;
        let event = day.read("").await;
        assert_eq!(event["races"][3]["raceState"], word);
        assert_eq!(event["races"][3]["title"], "Finále A");
    }
}

#[tokio::test]
async fn what_is_not_well_formed_is_refused_with_its_place_and_changes_nothing() {
    let day = Day::of("padded-gates.xml").await;
    let before = day.results("K1M_SR_25").await;
    let folder = format!("{}/cases/malformed", env!("CARGO_MANIFEST_DIR"));
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("a file").path();
        let xml = std::fs::read_to_string(&path).expect("text");
        let answer = day.api.push_xml(&day.key, &xml).await;
        assert_eq!(answer.status, 400, "{path:?}: {}", answer.body);
        let message = answer.body["message"].as_str().expect("a message");
        assert!(
            message.contains("line ") && message.contains("column "),
            "{path:?}: {message}"
        );
        count += 1;
    }
    assert_eq!(count, 12);
    assert_eq!(day.results("K1M_SR_25").await, before);
    drop(day.stack);
}
