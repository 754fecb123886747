// Gates and times of day of a race's rows: the stream does not carry them, so they are read when somebody looks.

import { sleep } from "./connection.js";
import { keyOf } from "./state.js";

const READ_AGAIN_MS = 1_000;
const FAILED_AGAIN_MS = 5_000;

export class Details {
  constructor(state, connection, changed) {
    this.state = state;
    this.connection = connection;
    this.changed = changed;
    /** By race: rows by key, and where the event stood at their read. */
    this.races = new Map();
  }

  /** One row's detail; nothing while it is not here. */
  of(raceId, row) {
    return this.races.get(raceId)?.rows.get(keyOf(row));
  }

  /** Reads what these races' open rows need, and again when their results have changed. */
  keepTrue(raceIds) {
    for (const raceId of raceIds) {
      const known = this.races.get(raceId) ?? { rows: new Map(), seq: -1, epoch: null, reading: false };
      this.races.set(raceId, known);
      const isOld = known.epoch !== this.state.epoch || known.seq < (this.state.race(raceId)?.resultsSeq ?? 0);
      if (!known.reading && isOld) {
        this.read(raceId, known);
      }
    }
  }

  async read(raceId, known) {
    known.reading = true;
    const answer = await this.connection.read(`/results/${encodeURIComponent(raceId)}?detailed=true`);
    if (answer?.ok) {
      known.rows = new Map(answer.body.results.map((row) => [keyOf(row), row]));
      known.seq = answer.seq;
      known.epoch = answer.epoch;
      this.changed();
    }
    // A list that changes all the time is not read all the time.
    await sleep(answer?.ok ? READ_AGAIN_MS : FAILED_AGAIN_MS);
    known.reading = false;
    if (!this.connection.closed) {
      this.changed();
    }
  }
}
