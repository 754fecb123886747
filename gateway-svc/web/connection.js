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
/** Polls between two tries whether WebSockets are blocked still. */
const POLLS_BEFORE_TRY = 12;
/** An event that is gone may be published again. */
const GONE_MS = 30_000;
const READ_AGAIN_MS = 300;
const READ_AGAIN_MAX_MS = 5_000;
const FRESH = ["live", "polling", "final"];
const OVER = ["final", "gone"];

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

export class Connection extends EventTarget {
  constructor(state) {
    super();
    this.state = state;
    this.base = `/api/v1/events/${encodeURIComponent(state.eventId)}`;
    /** `connecting`, `catching-up`, `live`, `polling`, `offline`, `final` or `gone`. */
    this.status = "connecting";
    /** What `status` is once all that is shown has been read. */
    this.claimed = "connecting";
    this.offlineSince = null;
    /** When something last proved that the state is true, ms by the page's own clock. */
    this.provedAt = 0;
    this.failures = 0;
    this.polls = 0;
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

  get isFresh() {
    return FRESH.includes(this.status);
  }

  /** Reads first: that is there sooner than a stream, which then only brings what is new. */
  async begin() {
    const read = await this.readWhole();
    this.begun = true;
    if (read === "superseded" || OVER.includes(this.claimed)) {
      return;
    }
    if (read === "read") {
      this.connect();
    } else {
      this.failures += 1;
      this.set("offline");
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

  set(claimed) {
    if (claimed === "connecting" && this.offlineSince) {
      // Whoever is offline stays so until something arrives.
      return;
    }
    this.claimed = claimed;
    if (claimed === "offline") {
      this.offlineSince ??= this.state.asOf || Date.now();
    } else {
      this.offlineSince = null;
    }
    this.settle();
    if (FRESH.includes(claimed)) {
      this.readStale();
    }
  }

  /** Nothing is called fresh while a list that is shown may be old. */
  settle() {
    const isStale = [...this.wanted].some((raceId) => this.state.results.get(raceId)?.stale);
    const status = isStale && FRESH.includes(this.claimed) ? "catching-up" : this.claimed;
    if (this.status !== status) {
      this.status = status;
      this.dispatchEvent(new Event("status"));
    }
  }

  /** These races' results are shown, and so must be true. */
  show(raceIds) {
    this.wanted = new Set(raceIds);
    this.readStale();
    this.settle();
  }

  connect() {
    if (this.closed) {
      return;
    }
    clearTimeout(this.timer);
    const before = this.socket;
    this.socket = null;
    before?.close();
    this.until = 0;
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
      if (socket === this.socket) {
        clearTimeout(opening);
        heard = true;
        this.take(JSON.parse(data));
      }
    };
    socket.onclose = ({ code }) => {
      clearTimeout(opening);
      if (socket === this.socket && !this.closed) {
        this.socket = null;
        clearTimeout(this.quiet);
        this.ended(code, heard);
      }
    };
  }

  take(message) {
    this.failures = 0;
    this.provedAt = performance.now();
    if (message.type === "resumed" && message.missed > 0) {
      this.until = message.seq;
    }
    this.state.take(message);
    if (this.until > this.state.seq) {
      this.set("catching-up");
    } else {
      this.until = 0;
      this.set(this.state.event?.status === "official" ? "final" : "live");
    }
    this.listen();
  }

  /** What the end of a connection means. */
  async ended(code, heard) {
    const isOver = code === 1000 && heard;
    if (heard && !isOver) {
      this.set("catching-up");
      this.retry();
      return;
    }
    // Final, deleted or unpublished; or never opened: the event itself says which.
    this.failures += 1;
    const read = await this.readWhole();
    if (read === "superseded" || OVER.includes(this.claimed)) {
      return;
    }
    if (read === "read" && this.failures >= BLOCKED_AFTER) {
      this.set("polling");
      this.timer = setTimeout(() => this.poll(), POLL_MS);
      return;
    }
    this.set(read === "read" ? "catching-up" : "offline");
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
    if (document.visibilityState !== "visible" || this.closed || !this.begun || OVER.includes(this.claimed)) {
      return;
    }
    if (this.socket?.readyState === WebSocket.OPEN) {
      if (performance.now() - this.provedAt > QUIET_MS) {
        this.set("catching-up");
      }
      this.probe();
    } else if (!this.socket) {
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
    const isBehind = () => answer.epoch !== this.state.epoch || answer.seq > this.state.seq;
    if (answer?.ok && isBehind()) {
      // What the answer knows may be on its way.
      await sleep(1_000);
    }
    if (socket !== this.socket || this.closed) {
      return;
    }
    if (!answer || answer.status === 404 || (answer.ok && isBehind())) {
      this.socket = null;
      socket?.close();
      this.set(answer ? "catching-up" : "offline");
      this.retry();
      return;
    }
    if (answer.ok) {
      this.provedAt = performance.now();
      this.state.asOf = Date.now();
      this.set(this.claimed === "catching-up" && !this.until ? "live" : this.claimed);
    }
    this.listen();
  }

  /**
   * An answer with its body and the event's position; `null` without a network, however far it came. What the
   * browser keeps is asked about: it may be a second old.
   */
  async read(path, method = "GET") {
    try {
      const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
      const answer = await fetch(`${this.base}${path}`, { method, cache: "no-cache", signal });
      const body = method === "GET" && answer.ok ? await answer.json() : null;
      const { ok, status, headers } = answer;
      return { ok, status, body, seq: Number(headers.get("X-Event-Seq")), epoch: headers.get("X-Event-Epoch") };
    } catch {
      return null;
    }
  }

  /** Reads event and boats when there is no stream: `read`, `failed`, or `superseded` by a stream meanwhile. */
  async readWhole() {
    const [event, boats] = await Promise.all([this.read(""), this.read("/oncourse")]);
    if (this.closed || this.socket) {
      return "superseded";
    }
    if (event?.status === 404) {
      this.set("gone");
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.begin(), GONE_MS);
      return "read";
    }
    if (!event?.ok || !boats?.ok) {
      return "failed";
    }
    // Changes of boats say what they become, so those between the two reads may come twice.
    this.state.takeWhole(event.body, boats.body.oncourse, Math.min(event.body.seq, boats.seq));
    if (event.body.event.status === "official") {
      this.set("final");
    } else if (this.claimed === "gone") {
      this.set("connecting");
    }
    return "read";
  }

  async poll() {
    const read = await this.readWhole();
    if (read === "superseded" || OVER.includes(this.claimed)) {
      return;
    }
    this.set(read === "read" ? "polling" : "offline");
    this.polls += 1;
    if (this.polls % POLLS_BEFORE_TRY === 0) {
      this.failures = BLOCKED_AFTER - 1;
      this.connect();
      return;
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

  /** Reads a result list that is not older than what the stream has told, for as long as it is shown. */
  async readResults(raceId) {
    this.state.loading(raceId);
    for (let tries = 1; this.wanted.has(raceId) && !this.closed; tries += 1) {
      const asked = this.state.seq;
      const answer = await this.read(`/results/${encodeURIComponent(raceId)}`);
      if (answer?.status === 404) {
        this.state.results.delete(raceId);
        break;
      }
      if (answer?.ok && this.state.isCurrent(raceId, answer, asked)) {
        this.state.takeResults(raceId, answer.body, answer.seq);
        break;
      }
      await sleep(Math.min(READ_AGAIN_MAX_MS, READ_AGAIN_MS * tries));
    }
    this.state.notLoading(raceId);
    this.settle();
  }
}
