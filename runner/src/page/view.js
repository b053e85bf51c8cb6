"use strict";

// Which part of the run is seen, and where on the screen each event is.

const GUTTER = 64, MAP = 22, LINE_IN_SLOT = 18;
/** Events that no message brings, by the words that a filter has for them. */
const OTHERS = { timers: [TIMER], disk: [DISK, DURABLE], clients: [INVOKED, WAITED] };

class View {
  constructor(run, words) {
    this.run = run;
    this.words = words;
    this.hiddenPlaces = new Set();
    this.hiddenKinds = new Set();
    this.query = "";
    this.toScale = false;
    this.onlyCone = false;
    this.lightsCone = true;
    this.selected = -1;
    this.hovered = { event: -1, message: -1 };
    this.cone = null;
    this.top = 0;
    this.perRow = 24;
    this.perNano = 24 / 1e6;
    this.width = this.height = 0;
    this.filter();
  }

  /** Finds out anew what is shown; what was in the middle stays there. */
  filter() {
    const { run } = this;
    const middle = this.rows ? this.nearest(this.top + this.height / 2) : -1;
    const query = this.query.trim().toLowerCase();
    const hidden = new Set(Object.entries(OTHERS).flatMap(([word, whats]) => (this.hiddenKinds.has(word) ? whats : [])));
    const rows = [];
    this.rowOf = new Int32Array(run.count);
    this.isShown = new Uint8Array(run.count);
    for (let id = 0; id < run.count; id++) {
      this.rowOf[id] = rows.length;
      if (!this.shows(id, hidden, query)) continue;
      this.isShown[id] = 1;
      rows.push(id);
    }
    this.rows = Int32Array.from(rows);
    this.indexMessages();
    if (middle >= 0) this.center(middle);
  }

  shows(id, hidden, query) {
    const { run } = this;
    if (run.what[id] === VIOLATION) return true;
    if (this.onlyCone && this.cone && !this.cone[id]) return false;
    const place = run.place[id];
    if (place < 0) return !query || this.words.event(id).toLowerCase().includes(query);
    if (this.hiddenPlaces.has(place) || hidden.has(run.what[id])) return false;
    const message = run.received(id);
    if (message >= 0 && this.hiddenKinds.has(run.kindOf(message))) return false;
    return !query || this.words.whole(id).toLowerCase().includes(query);
  }

  showsMessage(message) {
    const { from, to, sent, end, at } = this.run.message;
    if (!this.isShown[sent[message]] || this.hiddenKinds.has(this.run.kindOf(message))) return false;
    if (from[message] < 0 || to[message] < 0 || this.hiddenPlaces.has(to[message])) return false;
    return end[message] !== END.received || this.isShown[at[message]] === 1;
  }

  /** The messages that are shown, in the order of sending, and for each the last row that it or one
      before it reaches: so that those of a window are found at once. */
  indexMessages() {
    const { run } = this;
    const { count, sent, end, at } = run.message;
    const shown = [];
    for (let message = 0; message < count; message++) if (this.showsMessage(message)) shown.push(message);
    this.messages = Int32Array.from(shown);
    this.reach = new Int32Array(shown.length);
    let reach = 0;
    shown.forEach((message, i) => {
      const last = end[message] === END.received ? at[message] : run.at(run.endOf(message));
      const row = last < run.count ? this.rowOf[last] : this.rows.length;
      reach = Math.max(reach, row, this.rowOf[sent[message]] + 1);
      this.reach[i] = reach;
    });
  }

  get scale() {
    return this.toScale ? this.perNano : this.perRow;
  }

  /** How high everything is. */
  get whole() {
    return this.toScale ? this.run.ended * this.perNano : this.rows.length * this.perRow;
  }

  /** How far down an event is. */
  y(id) {
    return this.toScale ? this.run.time[id] * this.perNano : (this.rowOf[id] + 0.5) * this.perRow;
  }

  /** How far down a time is. */
  yOfTime(time) {
    if (this.toScale) return time * this.perNano;
    const { run } = this;
    const next = run.at(time);
    if (next <= 0) return 0;
    if (next >= run.count) return this.whole;
    const [before, after] = [this.y(next - 1), this.y(next)];
    const span = run.time[next] - run.time[next - 1];
    return span > 0 ? before + ((after - before) * (time - run.time[next - 1])) / span : after;
  }

  /** The first shown event that is so far down, or farther. */
  rowAt(y) {
    if (!this.toScale) return Math.max(0, Math.min(this.rows.length, Math.floor(y / this.perRow)));
    let [low, high] = [0, this.rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.y(this.rows[middle]) < y) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  nearest(y) {
    const row = this.rowAt(y);
    return this.rows.length ? this.rows[Math.min(row, this.rows.length - 1)] : -1;
  }

  /** The places that have a lane, with how far right its line is. */
  lanes() {
    const places = this.run.places.map((_, place) => place).filter((place) => !this.hiddenPlaces.has(place));
    const slot = (this.width - GUTTER - MAP) / Math.max(1, places.length);
    const inSlot = slot < 72 ? slot / 2 : LINE_IN_SLOT;
    return places.map((place, i) => ({ place, x: GUTTER + i * slot + inSlot, slot, left: GUTTER + i * slot }));
  }

  scroll(top) {
    this.top = Math.max(-24, Math.min(top, this.whole - this.height + 64));
    if (this.whole + 48 < this.height) this.top = -24;
  }

  center(id) {
    this.scroll(this.y(id) - this.height * 0.5);
  }

  /** Scrolls as little as shows an event with something around it. */
  reveal(id) {
    const y = this.y(id), margin = Math.min(120, this.height / 4);
    if (y < this.top + margin || y > this.top + this.height - margin) this.center(id);
  }

  /** So much larger; what is at this height of the window stays there. */
  zoom(factor, at = this.height / 2) {
    const fixed = (this.top + at) / this.scale;
    const most = this.toScale ? 2e-3 : 64, least = (this.height || 1) / 2 / (this.whole / this.scale || 1);
    const scale = Math.max(Math.min(least, most), Math.min(most, this.scale * factor));
    if (this.toScale) this.perNano = scale;
    else this.perRow = scale;
    this.scroll(fixed * scale - at);
  }

  fit() {
    this.zoom((this.height - 48) / Math.max(1, this.whole));
    this.scroll(-24);
  }

  /** A short run fills the window; of a long one the rows are high enough to be read. */
  settle() {
    this.perRow = Math.max(22, Math.min(36, (this.height - 56) / Math.max(1, this.rows.length)));
    this.perNano = Math.min(2e-3, Math.max(this.perRow / 1e6 / 2, (this.height - 56) / Math.max(1, this.run.ended)));
  }

  setScale(toScale) {
    const middle = this.nearest(this.top + this.height / 2);
    this.toScale = toScale;
    if (middle >= 0) this.center(middle);
  }

  select(id) {
    this.selected = id;
    const cone = id >= 0 && this.lightsCone ? this.run.cone(id) : null;
    if (this.onlyCone) return;
    this.cone = cone;
  }

  /** The next shown event, or one of the same place. */
  step(by, sameplace) {
    const { run } = this;
    if (!this.rows.length) return -1;
    const from = this.selected >= 0 ? this.selected : this.nearest(this.top + this.height / 2);
    let row = this.rowOf[from] + (by > 0 && !this.isShown[from] ? -1 : 0);
    do row += by;
    while (sameplace && row >= 0 && row < this.rows.length && run.place[this.rows[row]] !== run.place[from]);
    return row >= 0 && row < this.rows.length ? this.rows[row] : -1;
  }
}
