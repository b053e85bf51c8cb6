"use strict";

// The run: what the page was given, with what follows from it. Nothing here knows of the screen.

const START = 0, RECEIVED = 1, TIMER = 2, DISK = 3, DURABLE = 4, CRASH = 5;
const FAULT = 6, FAULT_OVER = 7, INVOKED = 8, WAITED = 9, VIOLATION = 10;
const END = { received: 0, lost: 1, cut: 2, down: 3, forgotten: 4, held: 5, underWay: 6 };
const SENT = 0, WRITE = 3, CHECKPOINT = 4, SYNC = 5, FLUSH = 6, REACHED = 7, BECOMES = 8, COMPLETED = 9;

/** The sums of a column that says how much more each is than the one before. */
function sums(steps, Kind) {
  const sums = new Kind(steps.length);
  let sum = 0;
  for (let i = 0; i < steps.length; i++) sums[i] = sum += steps[i];
  return sums;
}

class Run {
  constructor(data) {
    Object.assign(this, data);
    const { events, messages } = data;
    this.count = events.time.length;
    this.time = sums(events.time, Float64Array);
    this.place = Int32Array.from(events.place);
    this.what = Uint8Array.from(events.what);
    this.aboutWhat = Int32Array.from(events.about);
    this.cause = Int32Array.from(events.cause, (ago, id) => (ago ? id - ago : -1));
    this.role = Int32Array.from(events.role);
    this.effects = events.effects;
    this.changed = events.changed;
    this.message = {
      count: messages.kind.length,
      kind: Int32Array.from(messages.kind),
      text: Int32Array.from(messages.text),
      from: Int32Array.from(messages.from),
      to: Int32Array.from(messages.to),
      sent: sums(messages.sent, Int32Array),
      latency: Float64Array.from(messages.latency),
      end: Uint8Array.from(messages.end),
      at: Float64Array.from(messages.at),
      copies: new Set(messages.copies),
    };
    this.findOrder();
    const present = new Set([...new Set(this.message.kind)].map((kind) => this.texts[kind]));
    this.allKinds = [...new Set([...data.kinds, "request", "reply", "redirect", ...present])];
    this.kinds = this.allKinds.filter((kind) => present.has(kind));
    this.opens = this.opening();
    this.isLong = this.ended >= 1e10;
  }

  /** What was before each event at its place, every event of a place, and where roles turn. */
  findOrder() {
    this.before = new Int32Array(this.count).fill(-1);
    this.ofPlace = this.places.map(() => []);
    this.turns = this.places.map(() => []);
    for (let id = 0; id < this.count; id++) {
      const place = this.place[id];
      if (place < 0) continue;
      const here = this.ofPlace[place];
      if (here.length) this.before[id] = here[here.length - 1];
      here.push(id);
      const turns = this.turns[place];
      const role = this.role[id];
      if (!turns.length || turns[turns.length - 1].role !== role) turns.push({ id, role });
    }
  }

  /** Where the page opens: where it went wrong, else at the first thing that is out of the ordinary. */
  opening() {
    if (this.violation !== null) {
      // What was judged in the end went wrong when the last answer came.
      const cause = this.cause[this.violation];
      return this.place[this.violation] < 0 && cause >= 0 ? cause : this.violation;
    }
    const odd = this.what.findIndex((what, id) => (what === FAULT || what === CRASH) && this.time[id] > 0);
    return odd >= 0 ? odd : 0;
  }

  /** The message that an event receives, or -1. */
  received(id) {
    return this.what[id] === RECEIVED ? this.aboutWhat[id] : -1;
  }

  text(number) {
    return number < 0 ? "" : this.texts[number];
  }

  kindOf(message) {
    return this.texts[this.message.kind[message]];
  }

  /** The first event at this time or later. */
  at(time) {
    let [low, high] = [0, this.count];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.time[middle] < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** When a message ended that nobody received; its sending, if that is not known. */
  endOf(message) {
    const { at, sent, end } = this.message;
    return end[message] === END.received || at[message] < 0 ? this.time[sent[message]] : at[message];
  }

  /** For each event: 1 if this one depends on it, 2 if it depends on this one, 3 for itself. */
  cone(of) {
    const cone = new Uint8Array(this.count);
    cone[of] = 1;
    for (let id = of; id >= 0; id--) {
      if (cone[id] !== 1) continue;
      if (this.cause[id] >= 0) cone[this.cause[id]] = 1;
      if (this.before[id] >= 0) cone[this.before[id]] = 1;
    }
    cone[of] = 2;
    for (let id = of + 1; id < this.count; id++) {
      const [cause, before] = [this.cause[id], this.before[id]];
      if ((cause >= 0 && cone[cause] === 2) || (before >= 0 && cone[before] === 2)) cone[id] = 2;
    }
    cone[of] = 3;
    return cone;
  }

  /** What a node knew after an event: a text for each path. */
  state(id) {
    const place = this.place[id];
    const state = new Map();
    if (place < 0) return state;
    for (const at of this.ofPlace[place]) {
      if (at > id) break;
      if (this.what[at] === START || this.what[at] === CRASH) state.clear();
      const changed = this.changed[at];
      for (let i = 0; i < changed.length; i += 2) {
        if (changed[i + 1] < 0) state.delete(changed[i]);
        else state.set(changed[i], changed[i + 1]);
      }
    }
    return state;
  }

  /** What a step changed: a path, what was there, and what is there now. */
  changes(id) {
    const changed = this.changed[id];
    if (!changed.length) return [];
    const before = this.what[id] === START || this.before[id] < 0 ? new Map() : this.state(this.before[id]);
    const changes = [];
    for (let i = 0; i < changed.length; i += 2) {
      const was = before.has(changed[i]) ? this.text(before.get(changed[i])) : null;
      const is = changed[i + 1] < 0 ? null : this.text(changed[i + 1]);
      changes.push({ path: this.text(changed[i]), was, is });
    }
    return changes;
  }
}
