/**
 * One side of one conversation, as a machine without a clock, a socket or a document: it is given
 * messages and the time, and says which messages are due and when to ask again.
 *
 * @import { BrowserMessage, Have, KernelMessage, State } from "./protocol.js"
 */

import { ack, hello, need, readMessage } from "./protocol.js";

/** When to say hello again, in ms after the first; then every `HELLO_EVERY`. */
const HELLO_AT = [0, 150, 500, 1000, 2000];
const HELLO_EVERY = 5000;

/** No two acks within this time, in ms: each costs the kernel about a millisecond. */
const ACK_EVERY = 50;

/** What the kernel does not wait for is acknowledged within this time, in ms, with what follows. */
const ACK_WITHIN = 250;

/** More than this many lost messages are not listed: the whole picture is asked for instead. */
const MOST_MISSING = 64;

/** How long to wait for the `begin` of a generation before asking for it (again), in ms. */
const NEED_EVERY = 1000;

/**
 * After this silence, in ms, the last ack is repeated: always in the middle of a render, otherwise
 * so many times. A kernel that gave this client up, while the network was away, waits for a word
 * from it; and an ack that was lost may have said that somebody looks again.
 */
const SILENCE = 5000;
const REPEATS = 3;

/** @type {ReadonlySet<State | null>} nothing is expected from the kernel */
const QUIET = new Set(/** @type {State[]} */ (["paused", "done", "stopped", "failed"]));

export class Connection {
  /** @type {number | null} */
  epoch = null;
  /** The newest generation that has been begun; 0 before the first. */
  generation = 0;
  /** @type {number | null} every `tiles` message up to this has arrived or is missing */
  seq = null;
  /** @type {State | null} */
  state = null;
  welcomed = false;
  visible = false;
  /** Messages that could not be read, and messages of another time. */
  counts = { malformed: 0, late: 0 };

  /** @type {number[]} sequence numbers given up, oldest first */
  #missing = [];
  /** Has a welcome of this epoch said from which message on this page counts? */
  #wasWelcomed = false;
  /** @type {number | null} the first `tiles` message that was heard */
  #first = null;
  /** From when on an ack is due; Infinity while there is nothing to say. */
  #ackFrom = Infinity;
  #ackedAt = -Infinity;
  /** When the message `seq` arrived; -Infinity if it never did, but was counted in the welcome. */
  #newestAt = -Infinity;
  /** @type {number | null} when the first hello was due; null while none is to be said */
  #helloFrom = null;
  #hellos = 0;
  /** @type {{generation: number, at: number} | null} the picture to ask for, and when */
  #need = null;
  #heardAt = -Infinity;
  #repeats = 0;

  /** @param {number} client a random positive integer, new for each page load */
  constructor(client) {
    this.client = client;
  }

  /** Say hello until welcomed: at the start, and after the connection was away. @param {number} now */
  start(now) {
    this.welcomed = false;
    this.#helloFrom = now;
    this.#hellos = 0;
  }

  /** Say nothing any more. */
  stop() {
    this.#helloFrom = null;
    this.#ackFrom = Infinity;
    this.#need = null;
    this.state = null;
  }

  /** @param {boolean} visible whether any view is on screen */
  setVisible(visible) {
    if (visible === this.visible) return;
    this.visible = visible;
    this.#ackFrom = -Infinity;
  }

  /** What this page shows. @returns {Have | null} */
  get have() {
    // A page that has heard of a render, but not of its beginning, shows nothing yet; one that
    // was never welcomed counts from what it heard first, and does not know what it has missed.
    if (this.epoch === null || this.seq === null || this.generation === 0) return null;
    if (!this.#wasWelcomed) return null;
    return { epoch: this.epoch, generation: this.generation, seq: this.seq };
  }

  /**
   * Take a message from the kernel.
   *
   * @param {unknown} content
   * @param {unknown} buffers
   * @param {number} now in ms
   * @returns {KernelMessage | null} what is to be acted upon; null if nothing is
   */
  receive(content, buffers, now) {
    const message = readMessage(content, buffers);
    if (message === null) {
      this.counts.malformed++;
      return null;
    }
    this.#heardAt = now;
    this.#repeats = 0;
    const current = message.k === "welcome" ? this.#welcome(message) : this.#heed(message, now);
    if (!current) this.counts.late++;
    return current ? message : null;
  }

  /** @param {import("./protocol.js").Welcome} message */
  #welcome({ epoch, client, next }) {
    // With two pages open, each hears the welcome of the other.
    if (client !== this.client) return false;
    if (epoch !== this.epoch) {
      this.epoch = epoch;
      this.generation = 0;
      this.seq = null;
      this.state = null;
      this.#missing = [];
      this.#wasWelcomed = false;
      this.#first = null;
      this.#need = null;
    }
    if (this.seq === null || next - 1 > this.seq) {
      this.seq = next - 1;
      this.#newestAt = -Infinity;
    } else if (!this.#wasWelcomed && this.#first !== null) {
      // It was overtaken: what came before the first message heard was lost, or is late.
      const unheard = [];
      for (let lost = next; lost < this.#first; lost++) unheard.push(lost);
      this.#missing = [...unheard, ...this.#missing].slice(-MOST_MISSING);
    }
    this.welcomed = this.#wasWelcomed = true;
    this.#helloFrom = null;
    // The kernel can't know yet whether anybody is looking.
    this.#ackFrom = -Infinity;
    return true;
  }

  /** @param {Exclude<KernelMessage, {k: "welcome"}>} message @param {number} now */
  #heed(message, now) {
    // A busy kernel can't hear the hello, but it streams: its first word is welcome enough.
    if (this.epoch === null && message.k !== "tiles") this.epoch = message.epoch;
    if (message.epoch !== this.epoch) return false;
    // It comes ahead of its `begin`, and of no `seq`: the next one is better than a lost one.
    if (message.k === "coarse") return message.generation >= this.generation;
    if (message.k === "pixel" || message.k === "vantage" || message.k === "file") {
      return message.client === this.client;
    }
    if (message.k === "tiles") this.#arrived(message, now);
    if (message.generation < this.generation) return false;
    if (message.k === "begin") {
      // How the render before stood says nothing of this one.
      if (message.generation > this.generation) this.state = null;
      this.generation = message.generation;
      if (this.#need !== null && message.generation >= this.#need.generation) this.#need = null;
    } else if (message.generation > this.generation) {
      // The `begin` was lost. After a `state` it may still be on its way. Tiles that came before
      // it have nowhere to be, and must come again, whatever becomes of what is asked for here.
      if (message.k === "tiles")
        this.#missing = [...this.#missing, message.seq].slice(-MOST_MISSING);
      this.#want(message.generation, message.k === "tiles" ? now : now + NEED_EVERY);
    }
    if (message.k === "state") this.state = message.state;
    return message.k !== "tiles" || message.generation === this.generation;
  }

  /** @param {import("./protocol.js").Tiles} message @param {number} now */
  #arrived({ seq, soon }, now) {
    const last = this.seq ?? seq - 1;
    this.#first ??= seq;
    // What is out of order can't wait: the kernel may have to send something again.
    const patience = soon || seq !== last + 1 ? 0 : ACK_WITHIN;
    this.#ackFrom = Math.min(this.#ackFrom, now + patience);
    if (seq <= last) {
      // A duplicate, or one that was overtaken and given up too early.
      this.#missing = this.#missing.filter((lost) => lost !== seq);
      return;
    }
    for (let lost = Math.max(last + 1, seq - MOST_MISSING); lost < seq; lost++) {
      this.#missing.push(lost);
    }
    // Each ack repeats the list, so that a lost ack can't pass a lost message off as arrived.
    this.#missing = this.#missing.slice(-MOST_MISSING);
    this.seq = seq;
    this.#newestAt = now;
    if (seq - last - 1 > MOST_MISSING) this.#want(this.generation, now);
  }

  /** @param {number} generation @param {number} at */
  #want(generation, at) {
    if (this.#need === null || generation > this.#need.generation) this.#need = { generation, at };
    else this.#need.at = Math.min(this.#need.at, at);
  }

  /**
   * The messages that are due. Each is given out once.
   *
   * @param {number} now in ms
   * @returns {BrowserMessage[]}
   */
  poll(now) {
    /** @type {BrowserMessage[]} */
    const due = [];
    if (now >= this.#helloAt()) {
      due.push(hello(this.client, this.have));
      // A timer may come late, from sleep for one: hellos whose time has passed are not caught up.
      while (this.#helloAt() <= now) this.#hellos++;
    }
    if (this.epoch !== null && this.seq !== null && now >= this.#ackAt()) {
      due.push(ack(this.client, this.epoch, this.seq, this.#missing, this.visible, this.#held()));
      this.#repeats = this.#ackFrom < Infinity ? 0 : this.#repeats + 1;
      this.#ackFrom = Infinity;
      this.#ackedAt = now;
    }
    if (this.epoch !== null && this.#need !== null && now >= this.#need.at) {
      due.push(need(this.client, this.epoch, this.#need.generation));
      if (this.#need.generation > this.generation) this.#need.at = now + NEED_EVERY;
      else this.#need = null;
    }
    return due;
  }

  /** When to poll next, in ms; Infinity if only a message or a call can change anything. */
  get wakeAt() {
    const ackAt = this.seq === null ? Infinity : this.#ackAt();
    return Math.min(this.#helloAt(), ackAt, this.#need?.at ?? Infinity);
  }

  #helloAt() {
    if (this.#helloFrom === null) return Infinity;
    const last = HELLO_AT.length - 1;
    const extra = Math.max(this.#hellos - last, 0) * HELLO_EVERY;
    return this.#helloFrom + HELLO_AT[Math.min(this.#hellos, last)] + extra;
  }

  /** How long the ack of the newest message was kept back on purpose; lateness is not counted. */
  #held() {
    const held = Math.round(Math.max(this.#ackAt() - this.#newestAt, 0));
    return Number.isFinite(held) ? held : 0;
  }

  #ackAt() {
    if (this.#ackFrom < Infinity) return Math.max(this.#ackFrom, this.#ackedAt + ACK_EVERY);
    if (!this.welcomed || !this.visible || this.state === "closed") return Infinity;
    if (QUIET.has(this.state) && this.#repeats >= REPEATS) return Infinity;
    return Math.max(this.#heardAt, this.#ackedAt) + SILENCE;
  }
}
