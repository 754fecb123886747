//! Who starts in a race.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Bib, CatId, Participant, Participants, Row, RowId, Rows};

/// One line of a startlist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StartView {
    /// Place in the start order.
    #[schema(example = 1)]
    pub start_order: Option<u32>,
    /// Names the start in every message and read of the event; unique in its race.
    pub row_id: RowId,
    /// On the vest, if that is a number.
    #[schema(example = 1)]
    pub bib: Option<u32>,
    /// What is printed on the vest: a number, or a team's letter.
    #[schema(example = "1")]
    pub bib_text: Option<String>,
    /// The athlete's public number.
    #[schema(example = "10006")]
    pub athlete_id: Option<String>,
    /// `FAMILY Given`.
    #[schema(example = "VANĚK Matěj")]
    pub name: String,
    /// Club.
    #[schema(example = "TJ Dukla Praha")]
    pub club: Option<String>,
    /// Nation.
    #[schema(example = "CZE")]
    pub noc: Option<String>,
    /// Age category.
    pub cat_id: Option<CatId>,
    /// Scheduled start as time of day.
    #[schema(example = "09:16:00")]
    pub start_time: Option<String>,
    /// Names of a team's members; absent otherwise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub members: Vec<String>,
}

/// The startlist of a race, by start order; whoever has no place in it comes last, by bib.
pub fn startlist(rows: &Rows, participants: &Participants) -> Vec<StartView> {
    let mut starts: Vec<_> = rows
        .iter()
        .filter_map(|(id, row)| {
            let participant = participants.get(id)?;
            Some((
                row.bib.as_ref().or(participant.bib.as_ref()),
                row,
                participant,
            ))
        })
        .collect();
    starts.sort_by_key(|(bib, row, participant)| {
        let place = row.start_order.unwrap_or(u32::MAX);
        (place, bib.is_none(), *bib, &participant.row_id)
    });
    let view = |(bib, row, participant): (Option<&Bib>, &Arc<Row>, &Arc<Participant>)| StartView {
        start_order: row.start_order,
        row_id: participant.row_id.clone(),
        bib: bib.and_then(Bib::number),
        bib_text: bib.map(Bib::to_string),
        athlete_id: participant.athlete_id.clone(),
        name: participant.name.clone(),
        club: participant.club.clone(),
        noc: participant.noc.clone(),
        cat_id: row.cat_id.as_ref().or(participant.cat_id.as_ref()).cloned(),
        start_time: row.start_time.clone(),
        members: participant.members.clone(),
    };
    starts.into_iter().map(view).collect()
}
