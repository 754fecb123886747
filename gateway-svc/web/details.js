// Gates and times of day of a race's rows: the stream does not carry them, so they are read when somebody looks.

const READ_AGAIN_MS = 1_000;

export class Details {
  constructor(state, connection, changed) {
    this.state = state;
    this.connection = connection;
    this.changed = changed;
    /** By race: rows by bib, and the seq of the results that they belong to. */
    this.races = new Map();
  }

  /** One row's detail; nothing while it is not here. */
  of(raceId, bib) {
    return this.races.get(raceId)?.rows.get(bib);
  }

  /** Reads what these races' open rows need, and again when their results have changed. */
  keepTrue(raceIds) {
    for (const raceId of raceIds) {
      const seq = this.state.results.get(raceId)?.seq ?? 0;
      const known = this.races.get(raceId) ?? { rows: new Map(), seq: -1, reading: false };
      this.races.set(raceId, known);
      if (!known.reading && known.seq < seq) {
        this.read(raceId, known, seq);
      }
    }
  }

  async read(raceId, known, seq) {
    known.reading = true;
    const answer = await this.connection.read(`/results/${encodeURIComponent(raceId)}?detailed=true`);
    if (answer?.ok) {
      const body = await answer.json();
      known.rows = new Map(body.results.map((row) => [row.bib, row]));
      known.seq = Math.max(seq, Number(answer.headers.get("X-Event-Seq")));
    }
    // A list that changes all the time is not read all the time.
    setTimeout(() => {
      known.reading = false;
      this.changed();
    }, answer?.ok ? READ_AGAIN_MS : 5 * READ_AGAIN_MS);
    this.changed();
  }
}
