"use strict";

// The pointer on the diagram: it points, chooses, moves and zooms; and the small map beside it.

Object.assign(Page.prototype, {
  pointers() {
    const { canvas, view } = this;
    const held = new Map();
    let moved = 0, spread = 0;
    const where = (event) => {
      const box = canvas.getBoundingClientRect();
      return { x: event.clientX - box.left, y: event.clientY - box.top };
    };
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      if (event.ctrlKey || event.metaKey) view.zoom(Math.exp(-event.deltaY / 200), where(event).y);
      else view.scroll(view.top + event.deltaY * (event.deltaMode === 1 ? 24 : 1));
      this.point(where(event));
      this.redraw();
    }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      held.set(event.pointerId, where(event));
      [moved, spread] = [0, distance(held)];
    });
    canvas.addEventListener("pointermove", (event) => {
      const now = where(event), before = held.get(event.pointerId);
      if (!before) return this.point(now);
      held.set(event.pointerId, now);
      moved += Math.abs(now.x - before.x) + Math.abs(now.y - before.y);
      if (held.size === 1) view.scroll(view.top + before.y - now.y);
      else {
        const wider = distance(held);
        if (spread > 0) view.zoom(wider / spread, now.y);
        spread = wider;
      }
      if (moved > 5) this.point(null);
      this.redraw();
    });
    const release = (event) => {
      const now = held.get(event.pointerId);
      held.delete(event.pointerId);
      if (!now || event.type === "pointercancel" || moved > 5) return;
      const found = this.find(now);
      const { sent, end, at } = this.run.message;
      if (found.event >= 0) this.choose(found.event, false);
      else if (found.message >= 0) {
        const { message } = found;
        this.choose(end[message] === END.received ? at[message] : sent[message], false);
      } else this.choose(-1);
    };
    canvas.addEventListener("pointerup", release);
    canvas.addEventListener("pointercancel", release);
    canvas.addEventListener("pointerleave", () => this.point(null));
  },

  /** What is at a point of the canvas: an event, else a message. */
  find({ x, y }) {
    const { view, painter, run } = this;
    const down = y + view.top;
    let [event, nearest] = [-1, 15];
    const [from, until] = [view.rowAt(down - 16) - 1, view.rowAt(down + 16) + 1];
    for (let row = Math.max(0, from); row <= Math.min(until, view.rows.length - 1); row++) {
      const id = view.rows[row];
      const lane = run.place[id] < 0 ? x : painter.x.get(run.place[id]);
      if (lane === undefined) continue;
      const far = Math.hypot(lane - x, view.y(id) - down);
      if (far < nearest) [event, nearest] = [id, far];
    }
    if (event >= 0 && (run.place[event] >= 0 || nearest < 6)) return { event, message: -1 };
    let message = -1;
    nearest = 7;
    for (const arrow of painter.drawn) {
      const far = offset(arrow, x, down);
      if (far < nearest) [message, nearest] = [arrow.message, far];
    }
    if (message >= 0) return { event: -1, message };
    // The words beside a mark are its own.
    const id = view.toScale ? -1 : view.nearest(down);
    const lane = id >= 0 ? painter.x.get(run.place[id]) : undefined;
    return { event: lane !== undefined && x > lane && x < lane + 180 && view.perRow >= 13 ? id : -1, message };
  },

  /** Shows what is under the pointer. */
  point(at) {
    const { view, tip } = this;
    const found = at ? this.find(at) : { event: -1, message: -1 };
    const { event, message } = view.hovered;
    if (found.event !== event || found.message !== message) {
      view.hovered = found;
      this.redraw();
    }
    this.canvas.style.cursor = found.event >= 0 || found.message >= 0 ? "pointer" : "grab";
    tip.hidden = !at || (found.event < 0 && found.message < 0);
    if (tip.hidden) return;
    tip.replaceChildren(...(found.event >= 0 ? this.tipOfEvent(found.event) : this.tipOfMessage(found.message)));
    const box = document.getElementById("diagram").getBoundingClientRect();
    const head = document.getElementById("lanes").offsetHeight;
    const left = at.x + 18 + tip.offsetWidth > box.width ? at.x - tip.offsetWidth - 14 : at.x + 18;
    tip.style.left = Math.max(4, left) + "px";
    const low = at.y + head + 18 + tip.offsetHeight > box.height;
    tip.style.top = Math.max(4, low ? at.y + head - tip.offsetHeight - 12 : at.y + head + 18) + "px";
  },

  tipOfEvent(id) {
    const { run, words } = this;
    const role = run.text(run.role[id]);
    const changes = run.what[id] === START ? [] : run.changes(id).slice(0, 8);
    const effects = words.effects(id).slice(0, 6);
    return [
      make("h4", {}, words.place(run.place[id]) + (role ? " · " + role : "") + " · " + clock(run.time[id])),
      make("p", {}, words.origin(id)),
      run.received(id) >= 0 ? make("pre", {}, words.event(id)) : null,
      ...effects.map(([sign, text]) => make("p", { className: "fine" }, sign + " " + text)),
      changes.length ? make("table", { className: "state" }, ...changes.map(({ path, was, is }) =>
        make("tr", {}, make("th", {}, path), make("td", { className: "was" }, was ?? "—"), make("td", { className: "is" }, is ?? "—")))) : null,
    ].filter(Boolean);
  },

  tipOfMessage(message) {
    const { run, words } = this;
    const { from, to, text, sent } = run.message;
    return [
      make("h4", {}, run.kindOf(message) + " · " + words.place(from[message]) + " → " + words.place(to[message])),
      make("pre", {}, run.text(text[message])),
      make("p", { className: "fine" }, "sent at " + clock(run.time[sent[message]]) + ", " + words.fate(message)),
    ];
  },
});

/** How far apart two fingers are. */
function distance(held) {
  const [one, other] = [...held.values()];
  return other ? Math.hypot(one.x - other.x, one.y - other.y) : 0;
}

/** How far a point is from an arrow. */
function offset({ x1, y1, x2, y2, share }, x, y) {
  const [dx, dy] = [(x2 - x1) * share, (y2 - y1) * share];
  const along = Math.max(0, Math.min(1, ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy || 1)));
  return Math.hypot(x1 + along * dx - x, y1 + along * dy - y);
}

/** The whole run in a strip: how much happens when, and which part is seen. */
class Overview {
  constructor(canvas, view, painter) {
    Object.assign(this, { canvas, view, painter, run: view.run });
    const go = (event) => {
      if (!event.buttons) return;
      const share = (event.clientY - canvas.getBoundingClientRect().top) / this.height;
      view.scroll(share * view.whole - view.height / 2);
      page.redraw();
    };
    canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); go(event); });
    canvas.addEventListener("pointermove", go);
  }

  resize() {
    const ratio = window.devicePixelRatio || 1;
    this.height = this.view.height;
    this.canvas.width = MAP * ratio;
    this.canvas.height = this.height * ratio;
    this.canvas.style.height = this.height + "px";
    this.context = this.canvas.getContext("2d");
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  draw() {
    const { context, view, run, painter, height } = this;
    context.clearRect(0, 0, MAP, height);
    const scale = height / Math.max(1, view.whole);
    const heard = new Uint32Array(Math.ceil(height / 3) + 1);
    const stride = Math.ceil(view.rows.length / 20000);
    for (let row = 0; row < view.rows.length; row += stride) heard[Math.min(heard.length - 1, Math.floor((view.y(view.rows[row]) * scale) / 3))]++;
    const most = Math.max(1, ...heard);
    context.fillStyle = painter.colour.line;
    heard.forEach((count, i) => { if (count) context.fillRect(MAP - 4 - (14 * count) / most, i * 3, (14 * count) / most, 2.4); });
    for (const band of run.bands) {
      context.fillStyle = band.kind === "down" ? painter.colour.bad : painter.colour.fault;
      const from = view.y(band.from) * scale;
      const until = (band.until === null ? view.whole : view.y(band.until)) * scale;
      context.fillRect(band.kind === "down" ? 4 : 1, from, 2, Math.max(2, until - from));
    }
    if (run.violation !== null) {
      context.fillStyle = painter.colour.bad;
      context.fillRect(0, Math.min(height - 3, view.y(run.opens) * scale - 1.5), MAP, 3);
    }
    context.strokeStyle = painter.colour.ink;
    context.lineWidth = 1;
    const seen = Math.max(6, view.height * scale);
    context.strokeRect(0.5, Math.max(0.5, Math.min(view.top * scale, height - seen)), MAP - 1, Math.min(seen, height - 1));
  }
}
