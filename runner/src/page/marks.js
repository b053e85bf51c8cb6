"use strict";

// Draws what happens at a place: a mark for each event, and as many words as there is room for.

Object.assign(Painter.prototype, {
  marks() {
    const { view } = this;
    const many = this.last - this.first;
    const labelled = new Map();
    for (let row = this.first; row < this.last; row++) {
      const id = view.rows[row];
      const y = view.y(id);
      if (this.run.place[id] < 0) this.banner(id, y, labelled);
      else if (!this.isFar || this.stands(id)) this.mark(id, y, many, labelled);
    }
  },

  /** Whether an event is seen from afar. */
  stands(id) {
    const what = this.run.what[id];
    return id === this.view.selected || what === CRASH || what === VIOLATION;
  },

  /** How clearly an event is drawn, beside what is chosen. */
  alphaOf(id) {
    const { cone } = this.view;
    return !cone || cone[id] ? 1 : 0.22;
  },

  mark(id, y, many, labelled) {
    const { context, view, run } = this;
    const x = this.x.get(run.place[id]);
    if (x === undefined) return;
    const isChosen = view.selected === id;
    context.globalAlpha = this.alphaOf(id);
    const size = many > 600 ? 1.6 : many > 200 ? 2.6 : 4.2;
    this.point(id, x, y, size);
    if (isChosen || view.hovered.event === id) {
      context.strokeStyle = isChosen ? this.colour.ink : this.colour.soft;
      context.lineWidth = 2;
      context.beginPath();
      context.arc(x, y, 9, 0, 7);
      context.stroke();
    }
    this.label(id, x, y, isChosen, labelled);
    context.globalAlpha = 1;
  },

  point(id, x, y, size) {
    const { context, run } = this;
    const what = run.what[id];
    const message = run.received(id);
    context.fillStyle = message >= 0 ? this.hue(run.kindOf(message)) : this.colour.ink;
    context.strokeStyle = context.fillStyle;
    context.lineWidth = 1.6;
    context.beginPath();
    if (what === CRASH || what === VIOLATION) {
      context.strokeStyle = this.colour.bad;
      context.lineWidth = 3;
      const arm = size * 1.3;
      context.moveTo(x - arm, y - arm);
      context.lineTo(x + arm, y + arm);
      context.moveTo(x + arm, y - arm);
      context.lineTo(x - arm, y + arm);
      context.stroke();
    } else if (what === TIMER) {
      // A dial with a hand.
      context.fillStyle = this.colour.paper;
      context.arc(x, y, size * 1.15, 0, 7);
      context.fill();
      context.stroke();
      context.beginPath();
      context.moveTo(x, y - size * 0.8);
      context.lineTo(x, y);
      context.lineTo(x + size * 0.7, y);
      context.stroke();
    } else if (what === DISK || what === DURABLE) {
      context.rect(x - size, y - size, size * 2, size * 2);
      context.fill();
    } else if (what === START) {
      context.moveTo(x - size, y - size * 1.1);
      context.lineTo(x + size, y - size * 1.1);
      context.lineTo(x, y + size);
      context.fill();
    } else {
      context.arc(x, y, size, 0, 7);
      context.fill();
    }
    if (size > 3 && this.writes(id)) this.disk(x, y);
  },

  /** Whether a step writes to its disk. */
  writes(id) {
    const effects = this.run.effects[id];
    for (let i = 0; i < effects.length; i += 2) {
      if (effects[i] === WRITE || effects[i] === CHECKPOINT) return true;
    }
    return false;
  },

  /** A small drum beside the lane: something is written. */
  disk(x, y) {
    const { context } = this;
    context.fillStyle = this.colour.paper;
    context.strokeStyle = this.colour.soft;
    context.lineWidth = 1.2;
    context.beginPath();
    context.moveTo(x - 17, y - 2.5);
    context.lineTo(x - 17, y + 3);
    context.ellipse(x - 13, y + 3, 4, 1.8, 0, Math.PI, 0, true);
    context.lineTo(x - 9, y - 2.5);
    context.ellipse(x - 13, y - 2.5, 4, 1.8, 0, 0, Math.PI * 2);
    context.fill();
    context.stroke();
  },

  /** What the words beside a mark say. */
  caption(id) {
    const { run, words } = this;
    let text = words.event(id);
    const turns = [];
    const effects = run.effects[id];
    for (let i = 0; i < effects.length; i += 2) {
      if (effects[i] === BECOMES) turns.push(run.text(effects[i + 1]));
      if (effects[i] === COMPLETED) {
        const { id: request, told } = run.operations[effects[i + 1]];
        text = request + " = " + told;
      }
    }
    return turns.length ? text + "  ▸ " + turns.join(", ") : text;
  },

  label(id, x, y, isChosen, labelled) {
    const { context, view, run } = this;
    const row = view.toScale ? 13 : view.perRow;
    const place = run.place[id];
    if (row < 13 && !isChosen) return;
    const last = view.toScale ? labelled.get(place) ?? -Infinity : -Infinity;
    if (y - last < 14 && !isChosen) return;
    labelled.set(place, y);
    context.font = "12px system-ui, sans-serif";
    const caption = this.caption(id);
    const [right, isRight] = this.roomFor(x, place, context.measureText(caption).width);
    if (right < 24) return;
    const text = this.clipped(caption, Math.min(right, 420));
    const width = context.measureText(text).width;
    const left = isRight ? x + 13 : x - 19 - width;
    context.textAlign = "left";
    context.textBaseline = "middle";
    const alpha = context.globalAlpha;
    context.globalAlpha = Math.min(alpha, 0.86);
    context.fillStyle = this.colour.paper;
    context.beginPath();
    context.roundRect(left - 3, y - 8, width + 6, 16, 4);
    context.fill();
    context.globalAlpha = alpha;
    context.fillStyle = this.inkOf(id);
    context.fillText(text, left, y + 0.5);
  },

  /** How much room there is for words of this width, and whether at the right of a lane. */
  roomFor(x, place, width) {
    const { view } = this;
    const right = view.width - MAP - x - 18, left = x - GUTTER - 16;
    if (view.toScale) {
      const { slot } = this.lanes.find((lane) => lane.place === place);
      return [slot > 72 ? slot - 26 : slot - 16, true];
    }
    return width <= right || right >= left ? [right, true] : [left, false];
  },

  inkOf(id) {
    const { run } = this;
    const message = run.received(id);
    const what = run.what[id];
    if (what === CRASH || what === VIOLATION) return this.colour.bad;
    const effects = run.effects[id];
    for (let i = 0; i < effects.length; i += 2) {
      if (effects[i] === COMPLETED && run.operations[effects[i + 1]].blamed) return this.colour.bad;
    }
    if (what === INVOKED && run.operations[run.aboutWhat[id]].blamed) return this.colour.bad;
    return message >= 0 ? this.hue(run.kindOf(message)) : this.colour.ink;
  },

  clipped(text, room) {
    const { context } = this;
    if (context.measureText(text).width <= room) return text;
    let [low, high] = [0, Math.min(text.length, Math.ceil(room / 3))];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (context.measureText(text.slice(0, middle) + "…").width <= room) low = middle;
      else high = middle - 1;
    }
    return text.slice(0, low) + "…";
  },

  /** What befalls the world: a line across, with what it is. */
  banner(id, y, labelled) {
    const { context, view, run } = this;
    const isViolation = run.what[id] === VIOLATION;
    const hue = isViolation ? this.colour.bad : this.colour.fault;
    context.globalAlpha = this.isFar && !isViolation ? 0.3 : this.alphaOf(id);
    context.strokeStyle = hue;
    context.lineWidth = view.selected === id ? 2.5 : 1.2;
    context.setLineDash([4, 4]);
    if (!isViolation) this.line(GUTTER - 8, y, view.width - MAP - 6, y);
    context.setLineDash([]);
    const last = labelled.get(-1) ?? -Infinity;
    if (y - last >= 14 && (view.toScale || view.perRow >= 8)) {
      labelled.set(-1, y);
      context.font = "600 12px system-ui, sans-serif";
      const text = this.clipped(this.words.event(id), view.width - GUTTER - MAP - 30);
      const width = context.measureText(text).width;
      const left = view.width - MAP - width - 18;
      context.fillStyle = this.colour.paper;
      context.beginPath();
      context.roundRect(left - 8, y - 9, width + 16, 18, 9);
      context.fill();
      context.strokeStyle = hue;
      context.lineWidth = 1;
      context.stroke();
      context.fillStyle = hue;
      context.textAlign = "left";
      context.textBaseline = "middle";
      context.fillText(text, left, y + 0.5);
    }
    context.globalAlpha = 1;
  },
});
