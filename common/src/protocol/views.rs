//! The shapes of REST bodies and of a message's `data`. None of them carries participant ids, keys
//! or years of birth.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::{
    Bib, CatId, Class, ClassId, Course, DisplayMode, EventId, EventRecord, EventStatus, Hundredths,
    OnCourseEntry, Penalty, Race, RaceId, RaceState, RowId, Structure, structure::GateType,
};

/// An event in the public list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventSummary {
    /// Its name in every URL.
    pub event_id: EventId,
    /// First line of the title.
    #[schema(example = "Český pohár")]
    pub main_title: String,
    /// Second line of the title.
    #[schema(example = "7. závod")]
    pub sub_title: Option<String>,
    /// Town.
    #[schema(example = "Praha")]
    pub location: Option<String>,
    /// First day, `YYYY-MM-DD`.
    #[schema(value_type = Option<String>, format = Date)]
    pub start_date: Option<jiff::civil::Date>,
    /// Last day, `YYYY-MM-DD`.
    #[schema(value_type = Option<String>, format = Date)]
    pub end_date: Option<jiff::civil::Date>,
    /// Such as `Slalom`.
    #[schema(example = "Slalom")]
    pub discipline: Option<String>,
    /// Where it is in its life.
    pub status: EventStatus,
    /// Path of its picture; changes with the picture.
    pub image_url: Option<String>,
}

/// The public part of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfigView {
    /// The race that a page opens with.
    pub active_race_id: Option<RaceId>,
    /// How much is shown of each run.
    pub display_mode: Option<DisplayMode>,
    /// Whether boats on the water are shown.
    pub show_on_course: Option<bool>,
}

/// An event in its own detail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventView {
    /// As in the list.
    #[serde(flatten)]
    pub summary: EventSummary,
    /// Course or stadium.
    #[schema(example = "Areál Trója")]
    pub facility: Option<String>,
    /// How its page is configured.
    pub config: ConfigView,
}

/// An age category inside a class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClassCategoryView {
    /// Such as `ZS`.
    pub cat_id: CatId,
    /// Its name.
    pub name: Option<String>,
    /// First year of birth that belongs to it.
    pub first_year: Option<u32>,
    /// Last year of birth that belongs to it.
    pub last_year: Option<u32>,
}

/// A boat class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClassView {
    /// Such as `K1M`.
    pub class_id: ClassId,
    /// Short name.
    pub name: Option<String>,
    /// Full name.
    pub long_title: Option<String>,
    /// Its age categories.
    pub categories: Vec<ClassCategoryView>,
}

/// An age category with all classes that have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CategoryView {
    /// As in the first class that has it.
    #[serde(flatten)]
    pub category: ClassCategoryView,
    /// In the order of the classes.
    pub class_ids: Vec<ClassId>,
}

/// A scheduled race, without the position of its results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RaceView {
    /// Such as `K1M-ZS_BR1_25`.
    pub race_id: RaceId,
    /// The class that races.
    pub class_id: ClassId,
    /// Such as `best-run-1`.
    #[schema(example = "best-run-2")]
    pub race_type: String,
    /// Place in the schedule.
    #[schema(example = 3)]
    pub race_order: Option<u32>,
    /// Scheduled start with offset.
    pub start_time: Option<String>,
    /// The timing software's own status number.
    pub race_status: Option<u32>,
    /// The same as a word.
    pub race_state: RaceState,
    /// The organiser's own title.
    pub title: Option<String>,
}

/// A scheduled race with the position of the last change of its results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RaceWithResultsSeq {
    /// The race.
    #[serde(flatten)]
    pub race: RaceView,
    /// 0 when its results never changed.
    pub results_seq: u64,
}

/// A gate as spectators see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GateView {
    /// Counted from 1.
    pub number: usize,
    /// Downstream or upstream.
    #[serde(rename = "type")]
    pub gate_type: GateType,
    /// 0, 2 or 50 s; null when not judged or not reached.
    pub penalty: Option<Penalty>,
}

/// A boat on the water.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OnCourseView {
    /// The race it is in.
    pub race_id: RaceId,
    /// Names the start in every message and read of the event; unique in its race.
    #[serde(default)]
    pub row_id: RowId,
    /// On the vest, if that is a number.
    #[schema(example = 1)]
    pub bib: Option<u32>,
    /// What is printed on the vest: a number, or a team's letter.
    #[schema(example = "1")]
    #[serde(default)]
    pub bib_text: Option<String>,
    /// `FAMILY Given`.
    pub name: Option<String>,
    /// Club.
    #[schema(example = "TJ Dukla Praha")]
    pub club: Option<String>,
    /// 1 is nearest to the finish.
    #[schema(example = 1)]
    pub position: Option<u32>,
    /// Gates in order.
    pub gates: Vec<GateView>,
    /// Whether it has finished.
    pub completed: bool,
    /// When it started.
    #[schema(example = "2026-06-20T14:02:10.000Z")]
    pub dt_start: Option<String>,
    /// When it finished.
    pub dt_finish: Option<String>,
    /// Hundredths of a second.
    pub time: Option<Hundredths>,
    /// Hundredths of a second.
    pub pen: Option<Hundredths>,
    /// Hundredths of a second.
    pub total: Option<Hundredths>,
    /// Rank if it finished now.
    pub rank: Option<u32>,
    /// Gap to the boat to beat.
    #[schema(example = "+1.20")]
    pub ttb_diff: Option<String>,
    /// The boat to beat.
    #[schema(example = "M. KUČERA")]
    pub ttb_name: Option<String>,
}

/// Everything that a `full` carries but positions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StructureView {
    /// The event.
    pub event: EventView,
    /// Its classes.
    pub classes: Vec<ClassView>,
    /// Its races.
    pub races: Vec<RaceView>,
    /// Its age categories.
    pub categories: Vec<CategoryView>,
    /// Boats on the water.
    pub oncourse: Vec<OnCourseView>,
}

impl EventSummary {
    /// The public part of a record.
    pub fn new(record: &EventRecord) -> Self {
        let details = &record.details;
        let image_url = record.image.as_ref().map(|image| {
            format!(
                "/api/v1/events/{}/image?v={}",
                record.event_id, image.version
            )
        });
        Self {
            event_id: record.event_id.clone(),
            main_title: details.main_title.clone(),
            sub_title: details.sub_title.clone(),
            location: details.location.clone(),
            start_date: details.start_date,
            end_date: details.end_date,
            discipline: details.discipline.clone(),
            status: record.status,
            image_url,
        }
    }
}

impl EventView {
    /// The public part of a record, in detail.
    pub fn new(record: &EventRecord) -> Self {
        Self {
            summary: EventSummary::new(record),
            facility: record.details.facility.clone(),
            config: ConfigView {
                active_race_id: record.config.active_race_id.clone(),
                display_mode: record.config.display_mode,
                show_on_course: record.config.show_on_course,
            },
        }
    }
}

impl StructureView {
    /// The public part of an event's structure and of the boats on the water.
    pub fn new(record: &EventRecord, structure: &Structure, on_course: &[OnCourseEntry]) -> Self {
        Self {
            event: EventView::new(record),
            classes: structure.classes.iter().map(ClassView::new).collect(),
            races: structure.races.iter().map(RaceView::new).collect(),
            categories: categories(structure),
            oncourse: on_course_views(structure, on_course),
        }
    }
}

impl ClassView {
    fn new(class: &Class) -> Self {
        Self {
            class_id: class.class_id.clone(),
            name: class.name.clone(),
            long_title: class.long_title.clone(),
            categories: class_categories(class).collect(),
        }
    }
}

fn class_categories(class: &Class) -> impl Iterator<Item = ClassCategoryView> + '_ {
    class.categories.iter().map(|category| ClassCategoryView {
        cat_id: category.cat_id.clone(),
        name: category.name.clone(),
        first_year: category.first_year,
        last_year: category.last_year,
    })
}

/// All age categories of an event, each once, in the order in which the classes name them.
pub fn categories(structure: &Structure) -> Vec<CategoryView> {
    let mut all: Vec<CategoryView> = Vec::new();
    for class in &structure.classes {
        for category in class_categories(class) {
            let known = all
                .iter_mut()
                .find(|known| known.category.cat_id == category.cat_id);
            match known {
                Some(known) => known.class_ids.push(class.class_id.clone()),
                None => all.push(CategoryView {
                    category,
                    class_ids: vec![class.class_id.clone()],
                }),
            }
        }
    }
    all
}

impl RaceView {
    /// The public part of a race.
    pub fn new(race: &Race) -> Self {
        Self {
            race_id: race.race_id.clone(),
            class_id: race.class_id.clone(),
            race_type: race_type(&race.discipline).to_owned(),
            race_order: race.race_order,
            start_time: race.start_time.clone(),
            race_status: race.race_status,
            race_state: RaceState::of(race.race_status),
            title: race.custom_title.clone(),
        }
    }
}

/// The public word for the export's `DisId`.
pub fn race_type(discipline: &str) -> &'static str {
    match discipline {
        "BR1" => "best-run-1",
        "BR2" => "best-run-2",
        "TSR" => "training",
        "SR" => "seeding",
        "QUA" => "qualification",
        "SEM" => "semifinal",
        "FIN" => "final",
        "XT" => "cross-trial",
        "X4" => "cross-heat",
        "XS" => "cross-semifinal",
        "XF" => "cross-final",
        "XER" => "cross-extra",
        _ => "unknown",
    }
}

/// Positional penalties with the types of their gates. Blank gates beyond the course are none.
pub fn gate_views(gates: &[Option<Penalty>], course: Option<&Course>) -> Vec<GateView> {
    let judged = gates.iter().rposition(Option::is_some);
    let last = course.map_or(gates.len(), Course::gate_count);
    let count = last.max(judged.map_or(0, |index| index + 1));
    let view = |(index, penalty): (usize, &Option<Penalty>)| GateView {
        number: index + 1,
        gate_type: course.map_or(GateType::Unknown, |course| course.gate_type(index)),
        penalty: *penalty,
    };
    gates.iter().take(count).enumerate().map(view).collect()
}

/// The boats on the water as spectators see them, in the order given.
pub fn on_course_views(structure: &Structure, entries: &[OnCourseEntry]) -> Vec<OnCourseView> {
    entries
        .iter()
        .map(|entry| {
            let race = structure.race(&entry.race_id);
            let course = race.and_then(|race| structure.course_of(race));
            OnCourseView::new(entry, course)
        })
        .collect()
}

impl OnCourseView {
    fn new(entry: &OnCourseEntry, course: Option<&Course>) -> Self {
        Self {
            race_id: entry.race_id.clone(),
            row_id: entry.row_id.clone(),
            bib: entry.bib.as_ref().and_then(Bib::number),
            bib_text: entry.bib.as_ref().map(Bib::to_string),
            name: entry.name.clone(),
            club: entry.club.clone(),
            position: entry.position,
            gates: gate_views(&entry.gates, course),
            completed: entry.dt_finish.is_some(),
            dt_start: entry.dt_start.clone(),
            dt_finish: entry.dt_finish.clone(),
            time: entry.time,
            pen: entry.pen,
            total: entry.total,
            rank: entry.rank,
            ttb_diff: entry.ttb_diff.clone(),
            ttb_name: entry.ttb_name.clone(),
        }
    }
}
