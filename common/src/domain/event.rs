//! What an event says about itself, and how its page is configured.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::RaceId;

/// The describing part of an event.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventDetails {
    /// Given at creation; an XML export never replaces it.
    pub main_title: String,
    /// Second line of the title.
    pub sub_title: Option<String>,
    /// Town.
    pub location: Option<String>,
    /// Course or stadium.
    pub facility: Option<String>,
    /// First day, in the event's own time zone.
    pub start_date: Option<Date>,
    /// Last day, in the event's own time zone.
    pub end_date: Option<Date>,
    /// Such as `Slalom`.
    pub discipline: Option<String>,
}

/// How much the page shows of each run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DisplayMode {
    /// Ranks and times.
    Simple,
    /// Gates too.
    Detailed,
}

/// Who wins when the XML export and live data disagree about a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MergeStrategy {
    /// The newer of the two.
    #[default]
    Newest,
    /// Live data.
    Live,
    /// The export.
    Xml,
}

/// An event's configuration: also the body of its PATCH, where what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EventConfig {
    /// The race that a page opens with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active_race_id: Option<RaceId>,
    /// How much is shown of each run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_mode: Option<DisplayMode>,
    /// Whether boats on the water are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub show_on_course: Option<bool>,
    /// How export and live results are merged; not public.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merge_strategy: Option<MergeStrategy>,
}

impl EventConfig {
    /// This configuration with everything that `patch` names replaced.
    #[must_use]
    pub fn patched(&self, patch: Self) -> Self {
        Self {
            active_race_id: patch.active_race_id.or_else(|| self.active_race_id.clone()),
            display_mode: patch.display_mode.or(self.display_mode),
            show_on_course: patch.show_on_course.or(self.show_on_course),
            merge_strategy: patch.merge_strategy.or(self.merge_strategy),
        }
    }

    /// Whether the only thing it names is the merge strategy, which spectators never see.
    pub fn is_merge_strategy_alone(&self) -> bool {
        self.merge_strategy.is_some()
            && self.active_race_id.is_none()
            && self.display_mode.is_none()
            && self.show_on_course.is_none()
    }
}
