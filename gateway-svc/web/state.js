// What is known of an event, rebuilt from REST reads and the live stream.

import { forget, keep, keptValue } from "./storage.js";

const SAVE_EVERY_MS = 5_000;
const SAVED_EVENTS_MAX = 3;
/** Of the shape of what is kept; another one is not read. */
const SAVED_VERSION = 2;
/** Finishes kept until they are announced. */
const FINISHES_MAX = 20;

const LAST = Number.MAX_SAFE_INTEGER;

/** Those ranked, then those who started and have no result, then who did not start, then those still to come. */
function groupOf(row) {
  if (row.rnk) {
    return 0;
  }
  return row.status ? (row.status === "DNS" ? 2 : 1) : 3;
}

/** The order in which the server lists results too. */
function byRank(one, other) {
  return groupOf(one) - groupOf(other) || (one.rnk ?? LAST) - (other.rnk ?? LAST)
    || byBib(one, other);
}

const byText = (one, other) => (one === other ? 0 : one === null || one === undefined ? 1 : other === null || other === undefined ? -1 : one < other ? -1 : 1);

/** Numbers first, then letters of teams, then none. */
function byBib(one, other) {
  return (one.bib ?? LAST) - (other.bib ?? LAST) || byText(one.bibText, other.bibText) || byText(one.rowId, other.rowId);
}

function byPosition(one, other) {
  const position = (boat) => boat.position ?? LAST;
  return position(one) - position(other)
    || byText(one.raceId, other.raceId) || byBib(one, other);
}

/** Whether a race's results have changed since they were read. */
const hasChanged = (race, results) => !race || race.resultsSeq > results.seq;

const isSame = (one, other) => one.raceId === other.raceId && one.rowId === other.rowId;

/** What tells rows of a list apart. */
export function keyOf(row) {
  return `${row.bibText ?? ""} ${row.rowId}`;
}

export class EventState extends EventTarget {
  constructor(eventId) {
    super();
    this.eventId = eventId;
    this.event = null;
    this.classes = [];
    this.races = [];
    this.categories = [];
    this.oncourse = [];
    this.epoch = null;
    this.seq = 0;
    /** Where everything may last have changed: lists that were read before are read again. */
    this.outdatedAt = 0;
    /** Counts how often that was. */
    this.outdated = 0;
    /** When what is shown was true, ms since 1970. */
    this.asOf = 0;
    /** By race: `rows` by key, `seq` that they are true for, and while they are read what is `waiting`. */
    this.results = new Map();
    this.finishes = [];
  }

  race(raceId) {
    return this.races.find((race) => race.raceId === raceId);
  }

  classOf(race) {
    return this.classes.find((known) => known.classId === race?.classId);
  }

  rows(raceId) {
    const results = this.results.get(raceId);
    return results ? [...results.rows.values()].sort(byRank) : null;
  }

  changed(what, detail = {}) {
    this.dispatchEvent(new CustomEvent("change", { detail: { what, ...detail } }));
    this.saveSoon();
  }

  /** Takes in a message of the stream. */
  take(message) {
    this.asOf = Math.max(this.asOf, message.ts);
    switch (message.type) {
      case "full":
        this.takeFull(message);
        break;
      case "diff":
        this.seq = message.seq;
        this.takeDiff(message);
        break;
      case "refresh":
        this.seq = message.seq;
        this.outdate(() => true);
        this.changed("stale");
        break;
      default:
        // `resumed`: what was missed follows, and says itself where it stands.
        break;
    }
  }

  /** Which lists, by race and what is known of it, are not certain any more. */
  outdate(isStale) {
    this.outdatedAt = this.seq;
    this.outdated += 1;
    for (const [raceId, results] of this.results) {
      results.stale ||= isStale(this.race(raceId), results);
    }
  }

  /** Sets the position. Another epoch, or a position below ours, is another history: every list is read again. */
  moveTo(epoch, seq) {
    if (this.epoch !== epoch || seq < this.seq) {
      for (const results of this.results.values()) {
        Object.assign(results, { seq: -1, stale: true, waiting: [] });
      }
    }
    this.epoch = epoch;
    this.seq = seq;
  }

  /** Takes in a read of the event and its boats, for want of a stream. */
  takeWhole(body, boats, seq) {
    this.moveTo(body.epoch, seq);
    Object.assign(this, {
      event: body.event, classes: body.classes, races: body.races, oncourse: boats, asOf: Date.now(),
    });
    this.outdate(hasChanged);
    this.changed("full");
  }

  takeFull({ seq, epoch, data }) {
    this.moveTo(epoch, seq);
    Object.assign(this, {
      event: data.event, classes: data.classes, races: data.races, categories: data.categories,
      oncourse: data.oncourse,
    });
    this.outdate(hasChanged);
    this.changed("full");
  }

  takeDiff({ seq, data }) {
    if (data.results) {
      const race = this.race(data.raceId);
      if (race) {
        race.resultsSeq = seq;
      }
      this.upsert(data.raceId, data.results, seq);
    } else if (data.oncourse) {
      this.oncourse = data.oncourse;
      this.changed("oncourse");
    } else if (data.oncourseDelta) {
      this.applyDelta(data.oncourseDelta);
      this.changed("oncourse");
    } else if (data.status) {
      this.event = { ...this.event, status: data.status };
      this.changed("status");
    }
  }

  applyDelta({ set, gone }) {
    const kept = this.oncourse.filter((boat) =>
      !gone.some((key) => isSame(key, boat)) && !set.some((other) => isSame(other, boat)));
    this.oncourse = [...kept, ...set].sort(byPosition);
  }

  upsert(raceId, rows, seq) {
    const results = this.results.get(raceId);
    if (!results || (results.stale && !results.loading)) {
      return;
    }
    if (results.loading) {
      results.waiting.push({ rows, seq });
      return;
    }
    if (seq <= results.seq) {
      return;
    }
    results.seq = seq;
    for (const row of rows) {
      const before = results.rows.get(keyOf(row));
      results.rows.set(keyOf(row), row);
      const total = (of) => of?.totalTotal ?? of?.total;
      if (row.rnk && total(row) !== total(before)) {
        this.finishes.push({ raceId, row });
        this.finishes.splice(0, this.finishes.length - FINISHES_MAX);
      }
    }
    this.changed("results", { raceId, keys: rows.map(keyOf) });
  }

  /** What a read of results answered, whose event stood at `at`. */
  takeResults(raceId, body, at) {
    const before = this.results.get(raceId);
    const rows = new Map(body.results.map((row) => [keyOf(row), row]));
    const results = { rows, seq: at, stale: false, loading: false, waiting: [] };
    this.results.set(raceId, results);
    for (const { rows: late, seq } of before?.waiting ?? []) {
      this.upsert(raceId, late, seq);
    }
    this.changed("results", { raceId, keys: [] });
  }

  /** Marks a race's results as being read: changes wait until they are here. */
  loading(raceId) {
    const results = this.results.get(raceId) ?? { rows: new Map(), seq: -1, stale: true, waiting: [], first: true };
    results.loading = true;
    this.results.set(raceId, results);
  }

  notLoading(raceId) {
    const results = this.results.get(raceId);
    if (results?.loading) {
      Object.assign(results, { loading: false, waiting: [] });
    }
  }

  /** Whether an answer, asked for when the event stood at `asked`, is as new as all that is known. */
  isCurrent(raceId, { seq, epoch }, asked) {
    const known = Math.max(asked, this.outdatedAt, this.race(raceId)?.resultsSeq ?? 0);
    return seq >= known && (this.epoch === null || epoch === this.epoch);
  }

  saveSoon() {
    this.saving ??= setTimeout(() => {
      this.saving = null;
      this.save();
    }, SAVE_EVERY_MS);
  }

  /** Keeps it readable for a time without a network; who is on the water is not worth keeping. */
  save() {
    clearTimeout(this.saving);
    this.saving = null;
    if (!this.event) {
      return;
    }
    const { event, classes, races, categories, asOf } = this;
    const loaded = [...this.results].filter(([, results]) => !results.first);
    const results = loaded.map(([raceId, { rows }]) => [raceId, [...rows.values()]]);
    const key = `event:${this.eventId}`;
    if (keep(key, JSON.stringify({ version: SAVED_VERSION, event, classes, races, categories, asOf, results }))) {
      const recent = [key, ...savedEvents().filter((known) => known !== key)];
      recent.splice(SAVED_EVENTS_MAX).forEach(forget);
      keep("recent", JSON.stringify(recent));
    } else {
      forget(key);
    }
  }

  /** What was last seen of it, if anything was. */
  restore() {
    const { version, results, ...saved } = keptValue(`event:${this.eventId}`, {});
    if (version !== SAVED_VERSION) {
      return;
    }
    Object.assign(this, saved);
    for (const [raceId, rows] of results) {
      const byKey = new Map(rows.map((row) => [keyOf(row), row]));
      this.results.set(raceId, { rows: byKey, seq: -1, stale: true, loading: false, waiting: [] });
    }
  }
}

function savedEvents() {
  const recent = keptValue("recent", []);
  return Array.isArray(recent) ? recent : [];
}

/** Events that can be read without a network, as the list of events shows them. */
export function keptEvents() {
  return savedEvents().map((key) => keptValue(key, {}).event).filter(Boolean);
}
