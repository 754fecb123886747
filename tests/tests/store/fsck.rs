//! Checks every invariant of an event's keys, however they came to be.

use common::{
    domain::EventId,
    protocol::{Epoch, Position, RaceSheet},
    store::{History, Store},
};

/// Reads an event whole and checks that it holds together.
///
/// # Panics
///
/// When it does not.
pub async fn check(store: &Store, event_id: &EventId) {
    let head = store.head(event_id).await.expect("the event is there");
    let competition = store
        .whole_competition(&head)
        .await
        .expect("all of it is readable");
    let top = head.position.seq;
    for race in &competition.structure.races {
        let race_id = &race.race_id;
        assert!(
            head.marks.results_seq(race_id) <= top,
            "{race_id} is ahead of the event"
        );
        let people = &competition.participants[&race.class_id];
        for (id, row) in &competition.rows[race_id] {
            assert_eq!(*id, row.participant_id);
            assert!(
                people.contains_key(id),
                "{id} starts in {race_id} and is nobody"
            );
        }
        let sheet = RaceSheet::of(&competition, race_id).expect("a race of the structure");
        assert_eq!(sheet.results().len(), competition.rows[race_id].len());
    }
    let history = history_from_start(store, &head.record.incarnation, event_id, &head.position);
    let seqs: Vec<u64> = history.await;
    let contiguous: Vec<u64> = (top + 1 - seqs.len() as u64..=top).collect();
    assert_eq!(
        seqs, contiguous,
        "the history ends at the event's seq, without a hole"
    );
}

/// Seqs of the longest history that can be had.
async fn history_from_start(
    store: &Store,
    incarnation: &str,
    event_id: &EventId,
    position: &Position,
) -> Vec<u64> {
    let epoch = Epoch::new(position.epoch.as_str());
    for seq in 0..=position.seq {
        let since = Position {
            epoch: epoch.clone(),
            seq,
        };
        let history = store.history(event_id, incarnation, &since).await;
        if let History::Continues(envelopes) = history.expect("redis answers") {
            return envelopes
                .iter()
                .map(|envelope| envelope.position.seq)
                .collect();
        }
    }
    panic!("nobody can continue from the top");
}
