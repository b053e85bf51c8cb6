"use strict";

// Draws the window of a view: what is not seen is not drawn.

const KIND_HUES = ["#2f6fde", "#c2571a", "#1d8a5f", "#9a43c4", "#b8316a", "#13818f", "#6a5acd", "#5d8a00", "#a8481f", "#0f6fb0", "#8a2f9c", "#3f7a55"];
const CLIENT_HUES = { request: "#8a6a00", reply: "#4a5f7a", redirect: "#8a7f70" };
const ROLE_HUES = ["#e0a100", "#2a9d5c", "#7d5bd0", "#d1495b", "#1283b0", "#a06a2c"];
const MOST_ARROWS = 6000;

class Painter {
  constructor(canvas, view, words) {
    Object.assign(this, { canvas, view, words, run: view.run });
    this.context = canvas.getContext("2d");
    this.readColours();
    this.hueOf = new Map(this.run.allKinds.map((kind, i) => [kind, CLIENT_HUES[kind] ?? KIND_HUES[i % KIND_HUES.length]]));
    this.hueOfRole = this.roles();
  }

  readColours() {
    const style = getComputedStyle(document.documentElement);
    const names = ["ink", "soft", "faint", "line", "paper", "bad", "good", "past", "future", "fault", "shade"];
    this.colour = Object.fromEntries(names.map((name) => [name, style.getPropertyValue("--" + name).trim()]));
    this.isDark = style.getPropertyValue("--dark").trim() === "1";
  }

  /** The role that nodes begin with is plain; each other has a colour. */
  roles() {
    const plain = this.run.turns.map((turns) => turns.length ? turns[0].role : -1);
    const hues = new Map();
    for (const { role } of this.run.turns.flat().sort((a, b) => a.id - b.id)) {
      const name = this.run.text(role);
      if (!name || name === "down" || plain.includes(role) || hues.has(name)) continue;
      hues.set(name, ROLE_HUES[hues.size % ROLE_HUES.length]);
    }
    return hues;
  }

  hue(kind) {
    const hue = this.hueOf.get(kind) || this.colour.soft;
    return this.isDark ? `color-mix(in oklab, ${hue}, white 38%)` : hue;
  }

  resize(width, height, ratio = window.devicePixelRatio || 1) {
    const { canvas } = this;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.view.width = width;
    this.view.height = height;
  }

  draw() {
    const { view, context } = this;
    this.lanes = view.lanes();
    this.x = new Map(this.lanes.map((lane) => [lane.place, lane.x]));
    this.first = Math.max(0, view.rowAt(view.top - 40) - 1);
    this.last = Math.min(view.rows.length, view.rowAt(view.top + view.height + 40) + 1);
    context.clearRect(0, 0, view.width, view.height);
    context.save();
    context.translate(0, -view.top);
    context.lineCap = "round";
    this.isFar = this.last - this.first > 1200;
    this.bands();
    this.times();
    if (this.isFar) this.arrows();
    this.roleLines();
    this.operations();
    this.frame();
    this.chains();
    if (!this.isFar) this.arrows();
    this.marks();
    context.restore();
  }

  sees(top, bottom) {
    return bottom >= this.view.top - 40 && top <= this.view.top + this.view.height + 40;
  }

  /** Down to where something lasts that this event ends. */
  endOf(until) {
    return until === null ? this.view.whole + 4 : this.view.y(until);
  }

  bands() {
    const { context, view } = this;
    for (const band of this.run.bands) {
      const top = view.y(band.from), bottom = this.endOf(band.until);
      if (!this.sees(top, bottom) || band.kind === "down") continue;
      // What is so everywhere marks nothing.
      if (band.groups.length === 1 && this.lanes.every(({ place }) => band.groups[0].includes(place))) continue;
      band.groups.forEach((group, nth) => {
        const share = ["22%", "10%", "32%", "16%"][nth % 4];
        const hue = nth % 2 ? this.colour.future : this.colour.fault;
        context.fillStyle = `color-mix(in srgb, ${hue} ${share}, transparent)`;
        for (const { place, left, slot } of this.lanes) {
          if (group.includes(place)) context.fillRect(left - 6, top, slot - 2, bottom - top);
        }
      });
    }
  }

  times() {
    const { context, view, run } = this;
    context.font = "11px ui-monospace, monospace";
    context.textAlign = "right";
    context.textBaseline = "middle";
    let lastY = -Infinity, lastTime = -1;
    for (let row = this.first; row < this.last; row++) {
      const id = view.rows[row], y = view.y(id);
      if (y - lastY < 15 || run.time[id] === lastTime) continue;
      context.fillStyle = this.colour.soft;
      context.fillText(this.clock(run.time[id]), GUTTER - 14, y);
      lastY = y;
      lastTime = run.time[id];
    }
  }

  /** A time beside the lanes: in seconds in a long run, else in milliseconds. */
  clock(nanos) {
    return this.run.isLong ? (nanos / 1e9).toFixed(this.run.ended < 1e11 ? 4 : 3) : (nanos / 1e6).toFixed(2);
  }

  /** A line for each place, in the colour of its role; broken where it is down. */
  roleLines() {
    const { context, view, run } = this;
    const from = view.top - 40, until = view.top + view.height + 40;
    const end = Math.min(until, view.whole + 4);
    for (const { place, x } of this.lanes) {
      const turns = run.turns[place];
      const isClient = run.places[place].client;
      turns.forEach(({ id, role }, i) => {
        const top = view.y(id), bottom = i + 1 < turns.length ? view.y(turns[i + 1].id) : end;
        if (bottom < from || top > until) return;
        const name = run.text(role), hue = this.hueOfRole.get(name);
        const isDown = name === "down";
        context.strokeStyle = isDown ? this.colour.bad : hue || this.colour.line;
        context.lineWidth = isDown ? 1.5 : hue ? 7 : isClient ? 1.5 : 3;
        context.setLineDash(isDown ? [1, 6] : []);
        this.line(x, Math.max(from, top), x, Math.min(bottom, until));
        context.setLineDash([]);
      });
      this.coneLine(place, x, from, end);
    }
    for (const band of run.bands) if (band.kind === "pause") this.pauses(band);
  }

  /** What of a lane lies in the past of what is chosen, and what in its future. */
  coneLine(place, x, from, end) {
    const { context, view, run } = this;
    if (!view.cone) return;
    let past = -1, future = -1;
    const here = run.ofPlace[place];
    for (const id of here) {
      const cone = view.cone[id];
      if (cone === 1 || cone === 3) past = id;
      if (future < 0 && cone >= 2) future = id;
    }
    context.lineWidth = 2;
    context.globalAlpha = 0.9;
    if (past >= 0) {
      context.strokeStyle = this.colour.past;
      this.line(x - 6, Math.max(from, view.y(here[0])), x - 6, Math.min(view.y(past), end));
    }
    if (future >= 0) {
      context.strokeStyle = this.colour.future;
      this.line(x - 6, Math.max(from, view.y(future)), x - 6, end);
    }
    context.globalAlpha = 1;
  }

  pauses(band) {
    const { context, view } = this;
    const top = view.y(band.from), bottom = this.endOf(band.until);
    if (!this.sees(top, bottom)) return;
    for (const place of band.groups.flat()) {
      const x = this.x.get(place);
      if (x === undefined) continue;
      context.strokeStyle = this.colour.fault;
      context.lineWidth = 9;
      context.setLineDash([2, 5]);
      context.lineCap = "butt";
      this.line(x, Math.max(top, view.top - 40), x, Math.min(bottom, view.top + view.height + 40));
      context.lineCap = "round";
      context.setLineDash([]);
    }
  }

  operations() {
    const { context, view, run } = this;
    for (const operation of run.operations) {
      const x = this.x.get(operation.place);
      const top = view.y(operation.from), bottom = this.endOf(operation.until);
      if (x === undefined || !this.sees(top, bottom)) continue;
      const hue = operation.blamed ? this.colour.bad : operation.ok ? this.colour.good : this.colour.soft;
      context.fillStyle = `color-mix(in srgb, ${hue} 22%, transparent)`;
      context.strokeStyle = hue;
      context.lineWidth = operation.blamed ? 2 : 1;
      context.beginPath();
      context.roundRect(x - 5, top - 4, 10, Math.max(8, bottom - top + 8), 5);
      context.fill();
      context.stroke();
    }
  }

  /** Where the run broke what it must keep. */
  frame() {
    const { context, view, run } = this;
    if (run.violation === null) return;
    const y = view.y(run.violation);
    const height = view.toScale ? 22 : Math.max(8, view.perRow - 2);
    context.fillStyle = `color-mix(in srgb, ${this.colour.bad} 10%, transparent)`;
    context.strokeStyle = this.colour.bad;
    context.lineWidth = 2;
    context.beginPath();
    context.roundRect(4, y - height / 2, view.width - MAP - 8, height, 6);
    context.fill();
    context.stroke();
  }

  /** What led to where it went wrong, step by step: a broad band below everything. */
  chains() {
    const { context, view, run } = this;
    context.strokeStyle = this.colour.bad;
    context.lineJoin = "round";
    context.lineWidth = 10;
    context.globalAlpha = 0.2;
    for (const { events } of run.chains) {
      const seen = events.filter((id) => view.isShown[id] && this.x.has(run.place[id]));
      context.beginPath();
      seen.forEach((id, i) => context[i ? "lineTo" : "moveTo"](this.x.get(run.place[id]), view.y(id)));
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  /** Where a message begins and ends on the screen, and whether it arrives. */
  path(message) {
    const { view, run } = this;
    const { from, to, sent, end, at, latency } = run.message;
    const x1 = this.x.get(from[message]), x2 = this.x.get(to[message]);
    const y1 = view.y(sent[message]);
    if (x1 === undefined || x2 === undefined) return null;
    if (end[message] === END.received) return { x1, y1, x2, y2: view.y(at[message]), share: 1 };
    const due = latency[message] >= 0 ? run.time[sent[message]] + latency[message] : -1;
    const drop = view.toScale ? 16 : Math.max(6, view.perRow * 0.9);
    const y2 = due >= 0 ? Math.max(y1 + 4, view.yOfTime(Math.min(due, run.ended))) : y1 + drop;
    const arrives = { [END.down]: 1, [END.forgotten]: 1, [END.cut]: due >= 0 ? 0.8 : 0.4, [END.held]: 0.8, [END.underWay]: 0.9 };
    return { x1, y1, x2, y2, share: arrives[end[message]] ?? 0.45 };
  }

  arrows() {
    const { view, run } = this;
    let [low, high] = [0, view.messages.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (view.reach[middle] < this.first) low = middle + 1;
      else high = middle;
    }
    this.drawn = [];
    const seen = [];
    for (let i = low; i < view.messages.length; i++) {
      const message = view.messages[i];
      if (view.rowOf[run.message.sent[message]] > this.last) break;
      seen.push(message);
    }
    const stride = Math.ceil(seen.length / MOST_ARROWS);
    for (let i = 0; i < seen.length; i += stride) {
      const path = this.path(seen[i]);
      if (!path || !this.sees(path.y1, path.y2)) continue;
      this.drawn.push({ message: seen[i], ...path });
      this.arrow(seen[i], path, seen.length);
    }
  }

  arrow(message, { x1, y1, x2, y2, share }, many) {
    const { context, view, run } = this;
    const { sent, end, at } = run.message;
    const [x, y] = [x1 + (x2 - x1) * share, y1 + (y2 - y1) * share];
    const arrived = end[message] === END.received;
    let alpha = many > 1500 ? 0.22 : 0.85;
    if (view.cone) {
      const both = view.cone[sent[message]] && (!arrived || view.cone[at[message]]);
      alpha = both && arrived && sameSide(view.cone[sent[message]], view.cone[at[message]]) ? 0.95 : 0.14;
    }
    const isHovered = view.hovered.message === message;
    context.globalAlpha = isHovered ? 1 : alpha;
    context.strokeStyle = context.fillStyle = this.hue(run.kindOf(message));
    context.lineWidth = isHovered ? 3 : many > 1500 ? 0.7 : 1.4;
    if (!arrived || run.message.copies.has(message)) context.setLineDash([5, 4]);
    this.line(x1, y1, x, y);
    context.setLineDash([]);
    if (many < 1500) this.head(message, x, y, Math.atan2(y2 - y1, x2 - x1), arrived);
    context.globalAlpha = 1;
  }

  head(message, x, y, angle, arrived) {
    const { context, run } = this;
    context.save();
    context.translate(x, y);
    context.beginPath();
    if (arrived) {
      context.rotate(angle);
      context.moveTo(-3, 0);
      context.lineTo(-11, -4);
      context.lineTo(-11, 4);
      context.fill();
    } else if (run.message.end[message] === END.underWay) {
      context.arc(0, 0, 2.5, 0, 7);
      context.fill();
    } else {
      context.strokeStyle = this.colour.bad;
      context.lineWidth = 2;
      for (const way of [-1, 1]) {
        context.moveTo(-4, -4 * way);
        context.lineTo(4, 4 * way);
      }
      context.stroke();
    }
    context.restore();
  }

  line(x1, y1, x2, y2) {
    const { context } = this;
    context.beginPath();
    context.moveTo(x1, y1);
    context.lineTo(x2, y2);
    context.stroke();
  }
}

/** Whether a message lies within one of the two halves of a cone. */
function sameSide(one, other) {
  return one === 3 || other === 3 || one === other;
}
