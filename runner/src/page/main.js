"use strict";

// Brings the parts together: what a person does, and what the page does then.

class Page {
  constructor(data) {
    const at = (id) => document.getElementById(id);
    this.run = new Run(data);
    this.words = new Words(this.run);
    this.view = new View(this.run, this.words);
    this.canvas = at("canvas");
    this.painter = new Painter(this.canvas, this.view, this.words);
    this.map = new Overview(at("map"), this.view, this.painter);
    this.tip = at("tip");
    this.panel = new Panel(this.run, this.words, this.painter, (id) => this.choose(id, true));
    at("lanes").dataset.unit = this.run.isLong ? "s" : "ms";
    this.tools();
    this.pointers();
    this.keys();
    new ResizeObserver(() => this.measure()).observe(at("diagram"));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.painter.readColours();
      this.panel.draw();
      this.filters();
      this.redraw();
    });
    this.measure();
    this.begin();
    addEventListener("beforeprint", () => this.print(true));
    addEventListener("afterprint", () => this.print(false));
  }

  /** What is chosen at first lights nothing: so all of it is seen, and not half of it. */
  begin() {
    this.view.settle();
    this.view.selected = this.run.opens;
    this.view.center(this.run.opens);
    this.panel.shown = this.run.opens;
    this.panel.draw();
    this.redraw();
  }

  measure() {
    const box = document.getElementById("diagram").getBoundingClientRect();
    const lanes = document.getElementById("lanes");
    const middle = this.view.height ? this.view.nearest(this.view.top + this.view.height / 2) : -1;
    this.painter.resize(box.width, Math.max(80, box.height - lanes.offsetHeight));
    this.map.resize();
    if (middle >= 0) this.view.center(middle);
    this.redraw();
  }

  /** Draws with the next frame, once however often it is asked for. */
  redraw() {
    if (this.isDue) return;
    this.isDue = true;
    requestAnimationFrame(() => {
      this.isDue = false;
      this.drawNow();
    });
  }

  drawNow() {
    const before = performance.now();
    this.painter.draw();
    this.map.draw();
    this.heads();
    this.lastFrame = performance.now() - before;
  }

  /** The names above the lanes: a tap takes a lane away, and the filter brings it back. */
  heads() {
    const lanes = this.painter.lanes;
    const key = lanes.map(({ place, left, slot }) => [place, left, slot]).join() + this.view.selected;
    if (key === this.headsDrawn) return;
    this.headsDrawn = key;
    document.getElementById("lanes").replaceChildren(...lanes.map(({ place, left, slot }) => {
      const { name, client } = this.run.places[place];
      const head = make("button", { type: "button", className: client ? "lane client" : "lane", title: "Hide " + name }, name);
      head.style.left = left + "px";
      head.style.width = slot - 4 + "px";
      head.classList.toggle("narrow", slot < 72);
      head.onclick = () => this.toggle(this.view.hiddenPlaces, place);
      return head;
    }));
  }

  choose(id, reveals) {
    this.view.select(id);
    if (id >= 0 && reveals) this.view.reveal(id);
    this.panel.show(id);
    this.redraw();
  }

  toggle(set, what) {
    if (!set.delete(what)) set.add(what);
    this.refilter();
  }

  refilter() {
    this.view.filter();
    this.filters();
    this.redraw();
  }

  tools() {
    const { view } = this;
    const at = (id) => document.getElementById(id);
    const on = (id, act) => (at(id).onclick = () => { act(); this.redraw(); });
    at("to-violation").hidden = this.run.violation === null;
    on("to-violation", () => this.choose(this.run.opens, true));
    on("back", () => this.step(-1, false));
    on("on", () => this.step(1, false));
    on("closer", () => view.zoom(1.5));
    on("farther", () => view.zoom(1 / 1.5));
    on("whole", () => view.fit());
    on("scale", () => this.switchScale());
    on("cone", () => this.switchCone());
    on("only", () => this.switchOnly());
    let due;
    at("query").oninput = (event) => {
      clearTimeout(due);
      due = setTimeout(() => { view.query = event.target.value; this.refilter(); }, 120);
    };
    this.filters();
  }

  /** The kinds and the places, each to be hidden and shown. */
  filters() {
    const { run, view, painter } = this;
    const chip = (text, isOn, hue, act) => {
      const chip = make("button", { type: "button", className: "chip", "aria-pressed": isOn }, make("i", { style: "background:" + hue }), text);
      chip.onclick = act;
      return chip;
    };
    const kinds = [...run.kinds, ...Object.keys(OTHERS)];
    document.getElementById("kinds").replaceChildren(
      ...kinds.map((kind) => chip(kind, !view.hiddenKinds.has(kind), painter.hue(kind), () => this.toggle(view.hiddenKinds, kind))),
      ...run.places.map(({ name }, place) => chip(name, !view.hiddenPlaces.has(place), "var(--line)", () => this.toggle(view.hiddenPlaces, place))));
  }

  press(id, isOn) {
    document.getElementById(id).setAttribute("aria-pressed", isOn);
  }

  switchScale() {
    this.view.setScale(!this.view.toScale);
    this.press("scale", this.view.toScale);
    this.redraw();
  }

  switchCone() {
    const { view } = this;
    view.lightsCone = !view.lightsCone;
    view.cone = view.lightsCone && view.selected >= 0 ? this.run.cone(view.selected) : null;
    this.press("cone", view.lightsCone);
    if (view.onlyCone) this.switchOnly();
    this.redraw();
  }

  switchOnly() {
    const { view } = this;
    if (!view.onlyCone && view.selected < 0) return;
    view.onlyCone = !view.onlyCone;
    if (view.onlyCone) view.cone = this.run.cone(view.selected);
    this.press("only", view.onlyCone);
    this.refilter();
    if (view.selected >= 0) view.reveal(view.selected);
  }

  step(by, samePlace) {
    const next = this.view.step(by, samePlace);
    if (next >= 0) this.choose(next, true);
  }

  keys() {
    const acts = {
      ArrowDown: () => this.step(1, false), ArrowUp: () => this.step(-1, false),
      ArrowRight: () => this.step(1, true), ArrowLeft: () => this.step(-1, true),
      PageDown: () => this.view.scroll(this.view.top + this.view.height * 0.9),
      PageUp: () => this.view.scroll(this.view.top - this.view.height * 0.9),
      Home: () => this.view.scroll(-24), End: () => this.view.scroll(this.view.whole),
      "+": () => this.view.zoom(1.5), "=": () => this.view.zoom(1.5), "-": () => this.view.zoom(1 / 1.5),
      0: () => this.view.fit(), v: () => this.choose(this.run.opens, true), t: () => this.switchScale(),
      c: () => this.switchCone(), o: () => this.switchOnly(), "/": () => document.getElementById("query").focus(),
      Escape: () => { if (this.view.onlyCone) this.switchOnly(); this.choose(-1); },
    };
    addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target.matches("input")) {
        if (event.key === "Escape" || event.key === "Enter") event.target.blur();
        return;
      }
      const act = acts[event.key];
      if (!act || (event.target.closest("#body") && event.key.startsWith("Page"))) return;
      event.preventDefault();
      act();
      this.redraw();
    });
  }

  /** A copy of the canvas that fits on paper, around where it went wrong. */
  print(begins) {
    document.documentElement.classList.toggle("printed", begins);
    this.painter.readColours();
    if (!begins) {
      document.getElementById("print").replaceChildren();
      this.measure();
      return this.view.scroll(this.topBefore);
    }
    this.topBefore = this.view.top;
    const held = this.view.selected >= 0 ? this.view.selected : this.run.opens;
    this.painter.resize(980, Math.min(1180, this.view.whole + 60), 2);
    this.view.center(held);
    this.drawNow();
    const picture = make("img", { alt: "The run around the chosen event", src: this.canvas.toDataURL("image/png") });
    const names = this.painter.lanes.map(({ place, left }) => {
      const name = make("b", {}, this.run.places[place].name);
      name.style.left = left / 9.8 + "%";
      return name;
    });
    document.getElementById("print").replaceChildren(
      make("div", { className: "names" }, ...names), picture,
      ...this.panel.why(), ...(this.run.operations.some((it) => it.blamed) ? this.panel.history() : []));
  }
}
