// What is known of an event, rebuilt from REST reads and the live stream.

const SAVE_EVERY_MS = 5_000;
const SAVED_EVENTS_MAX = 3;
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
    || (one.bib ?? LAST) - (other.bib ?? LAST);
}

function byPosition(one, other) {
  const position = (boat) => boat.position ?? LAST;
  return position(one) - position(other)
    || (one.raceId < other.raceId ? -1 : one.raceId > other.raceId ? 1 : 0) || one.bib - other.bib;
}

const isSame = (one, other) => one.raceId === other.raceId && one.bib === other.bib;

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
    /** Counts what may have changed start lists. */
    this.structureSeq = 0;
    /** When what is shown was true, ms since 1970. */
    this.asOf = 0;
    /** By race: `rows` by bib, `seq` that they are true for, bibs that just changed. */
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
        this.outdate();
        this.changed("stale");
        break;
      default:
        // `resumed`: what was missed follows, and says itself where it stands.
        break;
    }
  }

  /** Nothing that was read before is certain any more. */
  outdate() {
    this.structureSeq += 1;
    for (const results of this.results.values()) {
      results.stale = true;
    }
  }

  /** Takes in a read of the event and its boats, for want of a stream. */
  takeWhole(body, boats, seq) {
    this.epoch = body.epoch;
    this.seq = seq;
    Object.assign(this, {
      event: body.event, classes: body.classes, races: body.races, oncourse: boats, asOf: Date.now(),
    });
    for (const [raceId, results] of this.results) {
      results.stale ||= this.race(raceId)?.resultsSeq !== results.resultsSeq;
    }
    this.structureSeq += 1;
    this.changed("full");
  }

  takeFull({ seq, epoch, data }) {
    const anew = this.epoch !== epoch;
    this.epoch = epoch;
    this.seq = seq;
    this.structureSeq += 1;
    Object.assign(this, {
      event: data.event, classes: data.classes, races: data.races, categories: data.categories,
      oncourse: data.oncourse,
    });
    for (const [raceId, results] of this.results) {
      const race = this.race(raceId);
      results.stale ||= anew || !race || race.resultsSeq > results.seq;
    }
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
    if (!results) {
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
      const before = results.rows.get(row.bib);
      results.rows.set(row.bib, row);
      const total = (of) => of?.totalTotal ?? of?.total;
      if (row.rnk && total(row) !== total(before)) {
        this.finishes.push({ raceId, row });
        this.finishes.splice(0, this.finishes.length - FINISHES_MAX);
      }
    }
    this.changed("results", { raceId, bibs: rows.map((row) => row.bib) });
  }

  /** What a read of results answered, whose event stood at `at`. */
  takeResults(raceId, body, at) {
    const before = this.results.get(raceId);
    const rows = new Map(body.results.map((row) => [row.bib, row]));
    const results = {
      rows, seq: Math.max(at, body.seq), resultsSeq: body.seq, stale: false, loading: false, waiting: [],
    };
    this.results.set(raceId, results);
    for (const { rows: late, seq } of before?.waiting ?? []) {
      this.upsert(raceId, late, seq);
    }
    this.changed("results", { raceId, bibs: [] });
  }

  /** Marks a race's results as being read: changes wait until they are here. */
  loading(raceId) {
    const results = this.results.get(raceId) ?? { rows: new Map(), seq: -1, stale: true, waiting: [], first: true };
    results.loading = true;
    this.results.set(raceId, results);
    return results;
  }

  saveSoon() {
    this.saving ??= setTimeout(() => {
      this.saving = null;
      this.save();
    }, SAVE_EVERY_MS);
  }

  /** Keeps it readable for a time without a network. */
  save() {
    if (!this.event) {
      return;
    }
    const { event, classes, races, categories, oncourse, asOf } = this;
    const loaded = [...this.results].filter(([, results]) => !results.first);
    const results = loaded.map(([raceId, { rows }]) => [raceId, [...rows.values()]]);
    const key = `event:${this.eventId}`;
    try {
      localStorage.setItem(key, JSON.stringify({ event, classes, races, categories, oncourse, asOf, results }));
      const recent = JSON.parse(localStorage.getItem("recent") ?? "[]").filter((known) => known !== key);
      recent.unshift(key);
      recent.splice(SAVED_EVENTS_MAX).forEach((old) => localStorage.removeItem(old));
      localStorage.setItem("recent", JSON.stringify(recent));
    } catch {
      // No room: then it is not readable offline.
      localStorage.removeItem(key);
    }
  }

  /** What was last seen of it; false when nothing was. */
  restore() {
    const text = localStorage.getItem(`event:${this.eventId}`);
    if (!text) {
      return false;
    }
    const { results, ...saved } = JSON.parse(text);
    Object.assign(this, saved);
    for (const [raceId, rows] of results) {
      const byBib = new Map(rows.map((row) => [row.bib, row]));
      this.results.set(raceId, { rows: byBib, seq: -1, stale: true, loading: false, waiting: [] });
    }
    this.changed("restored");
    return true;
  }
}
