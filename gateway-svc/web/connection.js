// Keeps an event's state true: by the live stream, by reads of what it does not carry, and where WebSockets
// are blocked by reads alone. `status` never says `live` unless something proved it a moment ago.

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 20_000;
const OPEN_WITHIN_MS = 8_000;
/** After so long without a message the network is asked whether it is there. */
const QUIET_MS = 10_000;
const ANSWER_WITHIN_MS = 6_000;
/** WebSockets that fail so often, while reads work, are taken to be blocked. */
const BLOCKED_AFTER = 3;
const POLL_MS = 5_000;
const READ_AGAIN_MS = 300;
const READS_MAX = 20;
const FRESH = ["live", "polling", "final"];

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

export class Connection extends EventTarget {
  constructor(state) {
    super();
    this.state = state;
    this.base = `/api/v1/events/${encodeURIComponent(state.eventId)}`;
    /** `connecting`, `catching-up`, `live`, `polling`, `offline`, `final` or `gone`. */
    this.status = "connecting";
    this.offlineSince = null;
    this.failures = 0;
    this.wanted = new Set();
    this.closed = false;
    this.begun = false;
    state.addEventListener("change", ({ detail }) => {
      if (detail.what === "full" || detail.what === "stale") {
        this.readStale();
      }
    });
    this.awake = () => this.wake();
    addEventListener("online", this.awake);
    addEventListener("pageshow", this.awake);
    document.addEventListener("visibilitychange", this.awake);
    this.begin();
  }

  /** Reads first: that is there sooner than a stream, which then only brings what is new. */
  async begin() {
    const alive = await this.readWhole();
    this.begun = true;
    if (this.closed || this.status === "final" || this.status === "gone") {
      return;
    }
    if (alive) {
      this.connect();
    } else {
      this.set("offline");
      this.failures += 1;
      this.retry();
    }
  }

  close() {
    this.closed = true;
    removeEventListener("online", this.awake);
    removeEventListener("pageshow", this.awake);
    document.removeEventListener("visibilitychange", this.awake);
    clearTimeout(this.timer);
    clearTimeout(this.quiet);
    this.socket?.close();
  }

  set(status) {
    if (status === "offline") {
      this.offlineSince ??= this.state.asOf || Date.now();
    } else if (status !== "connecting" || !this.offlineSince) {
      this.offlineSince = status === "connecting" ? this.offlineSince : null;
    } else {
      // Whoever is offline stays so until something arrives.
      return;
    }
    if (this.status !== status) {
      this.status = status;
      this.dispatchEvent(new Event("status"));
      if (FRESH.includes(status)) {
        this.readStale();
      }
    }
  }

  /** These races' results are shown, and so must be true. */
  show(raceIds) {
    this.wanted = new Set(raceIds);
    this.readStale();
  }

  connect() {
    if (this.closed) {
      return;
    }
    clearTimeout(this.timer);
    this.set("connecting");
    const { epoch, seq } = this.state;
    const query = new URLSearchParams({ oncourse: "delta" });
    if (epoch) {
      query.set("epoch", epoch);
      query.set("since", seq);
    }
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}${this.base}/ws?${query}`);
    this.socket = socket;
    let heard = false;
    const opening = setTimeout(() => socket.close(), OPEN_WITHIN_MS);
    socket.onmessage = ({ data }) => {
      if (socket !== this.socket) {
        return;
      }
      clearTimeout(opening);
      heard = true;
      this.failures = 0;
      const message = JSON.parse(data);
      if (message.type === "resumed" && message.missed > 0) {
        this.until = message.seq;
        this.set("catching-up");
      }
      this.state.take(message);
      if (!(this.until > this.state.seq)) {
        this.until = 0;
        this.set(this.state.event?.status === "official" ? "final" : "live");
      }
      this.listen();
    };
    socket.onclose = ({ code }) => {
      clearTimeout(opening);
      if (socket !== this.socket || this.closed) {
        return;
      }
      this.socket = null;
      clearTimeout(this.quiet);
      this.ended(code, heard);
    };
  }

  /** What the end of a connection means. */
  async ended(code, heard) {
    if (code === 1000 && heard) {
      // Final, deleted or unpublished: the event itself says which.
      return this.readWhole();
    }
    this.failures += heard ? 0 : 1;
    if (!heard) {
      const alive = await this.readWhole();
      if (this.closed || this.status === "final" || this.status === "gone") {
        return;
      }
      if (!alive) {
        this.set("offline");
      } else if (this.failures >= BLOCKED_AFTER) {
        this.set("polling");
        this.timer = setTimeout(() => this.poll(), POLL_MS);
        return;
      }
    } else {
      this.set("catching-up");
    }
    this.retry();
  }

  /** Later each time, and never all at once. */
  retry() {
    const most = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(this.failures, 10));
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), most * (0.5 + Math.random() / 2));
  }

  /** The page is looked at again, or the network is back: no waiting. */
  wake() {
    if (document.visibilityState !== "visible" || this.closed || this.status === "final" || this.status === "gone") {
      return;
    }
    if (this.socket?.readyState === WebSocket.OPEN) {
      this.probe();
    } else if (!this.socket && this.begun) {
      this.failures = 0;
      this.connect();
    }
  }

  /** From now on silence is suspicious. */
  listen() {
    clearTimeout(this.quiet);
    this.quiet = setTimeout(() => this.probe(), QUIET_MS);
  }

  /** Asks whether anything was missed; a connection that is dead without knowing it is given up. */
  async probe() {
    clearTimeout(this.quiet);
    const socket = this.socket;
    const answer = await this.read("/categories", "HEAD");
    if (socket !== this.socket || this.closed) {
      return;
    }
    const at = Number(answer?.headers.get("X-Event-Seq") ?? NaN);
    const same = answer?.headers.get("X-Event-Epoch") === this.state.epoch;
    if (!answer || Number.isNaN(at) || !same || at > this.state.seq) {
      await sleep(answer ? 1_000 : 0);
      if (socket === this.socket && (!answer || at > this.state.seq || !same)) {
        this.socket = null;
        socket?.close();
        this.set(answer ? "catching-up" : "offline");
        this.retry();
        return;
      }
    }
    this.listen();
  }

  /** An answer, `null` without a network. */
  async read(path, method = "GET") {
    try {
      return await fetch(`${this.base}${path}`, { method, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    } catch {
      return null;
    }
  }

  /** Reads event and boats: when there is no stream. True when the network works. */
  async readWhole() {
    const [event, boats] = await Promise.all([this.read(""), this.read("/oncourse")]);
    if (this.closed || !event) {
      return false;
    }
    if (event.status === 404) {
      this.set("gone");
      return true;
    }
    if (!event.ok || !boats?.ok) {
      return false;
    }
    const [body, { oncourse }] = await Promise.all([event.json(), boats.json()]);
    // Changes of boats say what they become, so those between the two reads may come twice.
    const at = Math.min(body.seq, Number(boats.headers.get("X-Event-Seq")));
    this.state.takeWhole(body, oncourse, at);
    if (body.event.status === "official") {
      this.set("final");
    }
    return true;
  }

  async poll() {
    if (this.closed) {
      return;
    }
    const alive = await this.readWhole();
    if (this.status === "final" || this.status === "gone") {
      return;
    }
    this.set(alive ? "polling" : "offline");
    this.polls = (this.polls ?? 0) + 1;
    // Perhaps they are not blocked any more.
    if (this.polls % 12 === 0) {
      this.failures = BLOCKED_AFTER - 1;
      return this.connect();
    }
    this.timer = setTimeout(() => this.poll(), POLL_MS);
  }

  readStale() {
    for (const raceId of this.wanted) {
      const results = this.state.results.get(raceId);
      if (!results || (results.stale && !results.loading)) {
        this.readResults(raceId);
      }
    }
  }

  /** Reads a result list that is not older than what the stream has told. */
  async readResults(raceId) {
    const results = this.state.loading(raceId);
    for (let tries = 0; tries < READS_MAX && !this.closed; tries += 1) {
      const atLeast = this.state.seq;
      const answer = await this.read(`/results/${encodeURIComponent(raceId)}`);
      if (answer?.ok) {
        const at = Number(answer.headers.get("X-Event-Seq"));
        const sameEpoch = !this.state.epoch || answer.headers.get("X-Event-Epoch") === this.state.epoch;
        const body = await answer.json();
        if (at >= atLeast && sameEpoch) {
          this.state.takeResults(raceId, body, at);
          return;
        }
      } else if (answer?.status === 404) {
        this.state.results.delete(raceId);
        return;
      }
      await sleep(READ_AGAIN_MS * (tries + 1));
    }
    results.loading = false;
  }
}
