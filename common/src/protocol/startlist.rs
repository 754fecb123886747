//! Who starts in a race.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{CatId, Participants, Rows};

/// One line of a startlist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StartView {
    /// Place in the start order.
    #[schema(example = 1)]
    pub start_order: Option<u32>,
    /// Number on the vest.
    #[schema(example = 1)]
    pub bib: Option<u32>,
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
    pub start_time: Option<String>,
}

/// The startlist of a race, by start order; whoever has no place in it comes last, by bib.
pub fn startlist(rows: &Rows, participants: &Participants) -> Vec<StartView> {
    let mut list: Vec<StartView> = rows
        .iter()
        .filter_map(|(id, row)| {
            let participant = participants.get(id)?;
            Some(StartView {
                start_order: row.start_order,
                bib: row.bib.or(participant.bib),
                athlete_id: participant.athlete_id.clone(),
                name: participant.name.clone(),
                club: participant.club.clone(),
                noc: participant.noc.clone(),
                cat_id: participant.cat_id.clone(),
                start_time: row.start_time.clone(),
            })
        })
        .collect();
    list.sort_by_key(|start| {
        let place = start.start_order.unwrap_or(u32::MAX);
        (place, start.bib.unwrap_or(u32::MAX))
    });
    list
}
