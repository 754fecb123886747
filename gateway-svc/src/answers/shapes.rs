//! What public reads answer, made from an event at one position.

use common::{
    domain::{CatId, ClassId, Competition, Race, RaceId, RaceState},
    protocol::{
        Epoch, Mark, Seq,
        race_sheet::results_of,
        result_view::ResultView,
        startlist::{StartView, startlist},
        views::{
            CategoryView, ClassView, EventView, OnCourseView, RaceView, RaceWithResultsSeq,
            StructureView, categories, on_course_views,
        },
    },
    store::Head,
};
use serde::Serialize;
use utoipa::ToSchema;

/// A public event with its classes and races.
#[derive(Serialize, ToSchema)]
pub struct EventDetail {
    #[schema(value_type = u64)]
    seq: Seq,
    epoch: Epoch,
    event: EventView,
    classes: Vec<ClassView>,
    races: Vec<RaceWithResultsSeq>,
}

impl EventDetail {
    /// The detail names the position of every race's results, so it changes with each of them.
    pub fn seq(head: &Head) -> Seq {
        let races = head.structure.races.iter();
        let results = races.map(|race| head.marks.results_seq(&race.race_id));
        head.marks.seq(&Mark::Event).max(results.max().unwrap_or(0))
    }

    pub fn new(head: &Head) -> Self {
        let view = StructureView::new(&head.record, &head.structure, &[]);
        let with_results_seq = |race: RaceView| RaceWithResultsSeq {
            results_seq: head.marks.results_seq(&race.race_id),
            race,
        };
        Self {
            seq: Self::seq(head),
            epoch: head.position.epoch.clone(),
            event: view.event,
            classes: view.classes,
            races: view.races.into_iter().map(with_results_seq).collect(),
        }
    }
}

/// The age categories of an event.
#[derive(Serialize, ToSchema)]
pub struct CategoriesAnswer {
    #[schema(value_type = u64)]
    seq: Seq,
    categories: Vec<CategoryView>,
}

impl CategoriesAnswer {
    pub fn new(head: &Head, seq: Seq) -> Self {
        Self {
            seq,
            categories: categories(&head.structure),
        }
    }
}

/// The boats on the water.
#[derive(Serialize, ToSchema)]
pub struct OnCourseAnswer {
    #[schema(value_type = u64)]
    seq: Seq,
    oncourse: Vec<OnCourseView>,
}

impl OnCourseAnswer {
    pub fn new(head: &Head, seq: Seq) -> Self {
        Self {
            seq,
            oncourse: on_course_views(&head.structure, &head.on_course.shown),
        }
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct StartlistRace {
    race_id: RaceId,
    class_id: ClassId,
    start_time: Option<String>,
}

/// Who starts in a race.
#[derive(Serialize, ToSchema)]
pub struct StartlistAnswer {
    #[schema(value_type = u64)]
    seq: Seq,
    race: StartlistRace,
    startlist: Vec<StartView>,
}

impl StartlistAnswer {
    pub fn new(race: &Race, competition: &Competition, seq: Seq) -> Self {
        let list = || {
            let participants = competition.participants.get(&race.class_id)?;
            let rows = competition.rows.get(&race.race_id)?;
            Some(startlist(rows, participants))
        };
        Self {
            seq,
            race: StartlistRace {
                race_id: race.race_id.clone(),
                class_id: race.class_id.clone(),
                start_time: race.start_time.clone(),
            },
            startlist: list().unwrap_or_default(),
        }
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ResultsRace {
    race_id: RaceId,
    class_id: ClassId,
    race_type: String,
    race_status: Option<u32>,
    race_state: RaceState,
    title: Option<String>,
}

/// The detailed result list of a race, from which every answer about it is made.
pub struct List {
    /// The race.
    pub race: RaceView,
    /// In the order of the list.
    pub rows: Vec<ResultView>,
}

impl List {
    pub fn new(race: &Race, competition: &Competition) -> Self {
        Self {
            race: RaceView::new(race),
            rows: results_of(competition, &race.race_id),
        }
    }

    /// Whether the category that is asked for has rows; all of them always do.
    pub fn has(&self, of: &ResultsOf) -> bool {
        of.cat_id.is_none() || self.rows.iter().any(|row| row.cat_id == of.cat_id)
    }
}

/// The result list of a race.
#[derive(Serialize, ToSchema)]
pub struct ResultsAnswer {
    #[schema(value_type = u64)]
    seq: Seq,
    race: ResultsRace,
    results: Vec<ResultView>,
}

/// Which rows of a result list are wanted, and how much of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ResultsOf {
    /// The race; of best-run races either.
    pub race_id: RaceId,
    /// One age category, by its ranks.
    pub cat_id: Option<CatId>,
    /// With gates and times of day.
    pub detailed: bool,
}

impl ResultsAnswer {
    pub fn new(wanted: &ResultsOf, list: &List, seq: Seq) -> Self {
        let race = list.race.clone();
        Self {
            seq,
            race: ResultsRace {
                race_id: race.race_id,
                class_id: race.class_id,
                race_type: race.race_type,
                race_status: race.race_status,
                race_state: race.race_state,
                title: race.title,
            },
            results: wanted.select(&list.rows),
        }
    }
}

impl ResultsOf {
    /// The rows that are asked for, in their order.
    pub fn select(&self, rows: &[ResultView]) -> Vec<ResultView> {
        let wanted = |row: &&ResultView| self.cat_id.is_none() || row.cat_id == self.cat_id;
        let shown = |row: &ResultView| ResultView {
            detail: row.detail.clone().filter(|_| self.detailed),
            ..row.clone()
        };
        let mut rows: Vec<ResultView> = rows.iter().filter(wanted).map(shown).collect();
        if self.cat_id.is_some() {
            rows.sort_by_key(|row| row.cat_rnk.unwrap_or(u32::MAX));
        }
        rows
    }
}
