// Czech and English.

import { keep, kept } from "./storage.js";

const TEXTS = {
  cs: {
    allCategories: "Kategorie", better: "lepší", board: "Tabule", category: "Kategorie", clean: "čistá",
    connecting: "připojuji se", catchingUp: "dohání se", detailed: "Podrobně", downstream: "po proudu", events: "Závody",
    find: "Hledat", final: "konečné výsledky", finish: "Cíl", finished: "dojeto", finishedAs: "{rank}. místo: {name}",
    footer: "Časy a pořadí jsou neoficiální, dokud závod není označen za oficiální.", gate: "Branka", gone: "závod už není zveřejněn", language: "English",
    live: "živě", loading: "Načítá se…", mine: "★ Moje", missed: "neprojetá", noEvents: "Teď tu není žádný závod.",
    noMine: "Hvězdičkou u jména přidáte závodníky, které chcete sledovat.", noPenalty: "bez trestných sekund",
    noResult: "bez výsledku", noResults: "Zatím bez výsledků.", noStartlist: "Startovka zatím není.", nobody: "Nikdo neodpovídá.",
    notFound: "Takový závod tu není.", notKept: "Bez spojení; tohle v telefonu uložené není.", notYet: "ještě ne",
    notYetRun: "ještě nejel", offline: "bez spojení od", onCourse: "Na trati", oneRun: "Jízda", penalties: "Trestné", race_cancelled: "zrušeno", race_official: "oficiální", race_postponed: "odloženo",
    race_running: "jede se", race_unofficial: "dojeto", faults: "chyby: {count}", heat: "{heat}. rozjížďka", heatPlace: "v rozjížďce {place}.", underReview: "prověřuje se",
    polling: "obnovuje se po 5 s", print: "Tisk", race: "Závod", results: "Výsledky", run: "jízda", running: "jede se",
    schedule: "Program", search: "Jméno, klub nebo číslo", skip: "Přeskočit na výsledky", star: "Sledovat", start: "Start",
    startlist: "Startovka", status_finished: "dojeto", status_official: "oficiální", status_running: "právě se jede",
    status_startlist: "startovky", theme: "Světlý nebo tmavý vzhled", time: "Čas", toBeat: "K překonání", total: "Celkem",
    touched: "dotek", "type_cross-extra": "kros, celkové výsledky", "type_cross-final": "kros, finále", "type_cross-heat": "kros, rozjížďka", "type_cross-semifinal": "kros, semifinále",
    "type_cross-trial": "kros, časovka", type_final: "finále", type_qualification: "kvalifikace", type_seeding: "jedna jízda", type_semifinal: "semifinále",
    type_training: "hlídky", type_unknown: "závod",
    upstream: "proti proudu", views: "Co se zobrazí", waiting: "čeká na start",
  },
  en: {
    allCategories: "Category", better: "better", board: "Board", category: "Category", clean: "clean",
    connecting: "connecting", catchingUp: "catching up", detailed: "Detailed", downstream: "downstream", events: "Races",
    find: "Search", final: "final results", finish: "Finish", finished: "finished", finishedAs: "Place {rank}: {name}",
    footer: "Times and ranks are unofficial until the race is marked official.", gate: "Gate", gone: "this race is not public any more", language: "Česky",
    live: "live", loading: "Loading…", mine: "★ Mine", missed: "missed", noEvents: "There is no race here right now.",
    noMine: "Star a name to follow who matters to you.", noPenalty: "no penalties",
    noResult: "no result", noResults: "No results yet.", noStartlist: "There is no start list yet.", nobody: "Nobody matches.",
    notFound: "There is no such race here.", notKept: "Offline, and this was not kept on this device.", notYet: "not yet",
    notYetRun: "not run yet", offline: "offline since", onCourse: "On course", oneRun: "Run", penalties: "Penalties", race_cancelled: "cancelled", race_official: "official", race_postponed: "postponed",
    race_running: "racing", race_unofficial: "finished", faults: "faults: {count}", heat: "Heat {heat}", heatPlace: "in the heat {place}.", underReview: "under review",
    polling: "refreshed every 5 s", print: "Print", race: "Race", results: "Results", run: "run", running: "racing",
    schedule: "Schedule", search: "Name, club or number", skip: "Skip to results", star: "Follow", start: "Start",
    startlist: "Start list", status_finished: "finished", status_official: "official", status_running: "racing now",
    status_startlist: "start lists", theme: "Light or dark", time: "Time", toBeat: "To beat", total: "Total",
    touched: "touched", "type_cross-extra": "cross, overall result", "type_cross-final": "cross, final", "type_cross-heat": "cross, heat", "type_cross-semifinal": "cross, semifinal",
    "type_cross-trial": "cross, time trial", type_final: "final", type_qualification: "qualification", type_seeding: "single run", type_semifinal: "semifinal",
    type_training: "team run", type_unknown: "race",
    upstream: "upstream", views: "What is shown", waiting: "waiting to start",
  },
};

let current = stored() ?? preferred();

function stored() {
  const language = kept("language");
  return Object.hasOwn(TEXTS, language) ? language : null;
}

function preferred() {
  const wanted = navigator.languages ?? [navigator.language];
  return wanted[0]?.match(/^(cs|sk)\b/) ? "cs" : "en";
}

/** The language in use. */
export function language() {
  return current;
}

/** The other one, from now on and for ever. */
export function switchLanguage() {
  current = current === "cs" ? "en" : "cs";
  keep("language", current);
}

/** A text in the language in use. */
export function t(name, values = {}, otherwise = name) {
  return (TEXTS[current][name] ?? otherwise).replace(/\{(\w+)\}/g, (_, key) => values[key]);
}
