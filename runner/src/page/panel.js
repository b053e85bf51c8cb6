"use strict";

// Everything beside the diagram: the verdict, one event in words, the history. Text of the run is only
// ever put in as text.

/** An element; what is given as text stays text. */
function make(tag, properties = {}, ...inside) {
  const element = Object.assign(document.createElement(tag), properties);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-")) element.setAttribute(name, value);
  }
  element.append(...inside.filter((it) => it !== null && it !== undefined));
  return element;
}

class Panel {
  constructor(run, words, painter, go) {
    Object.assign(this, { run, words, painter, go });
    this.tabs = { why: "Why", event: "Event", history: "History", key: "Key" };
    this.open = run.violation === null ? "event" : "why";
    this.shown = -1;
    this.head();
    this.show(-1);
  }

  head() {
    const { run } = this;
    const badge = { violated: "violated", passed: "passed", inconclusive: "undecided" }[run.verdict];
    const copy = make("button", { className: "copy", type: "button", title: "Copy" }, run.about.replay);
    copy.onclick = () => navigator.clipboard?.writeText(run.about.replay).then(() => flash(copy));
    document.getElementById("head").append(
      make("h1", {},
        make("span", { className: "badge " + run.verdict }, badge),
        make("span", { className: "property" }, run.property || run.about.protocol)),
      make("p", { className: "whence" },
        make("b", {}, run.about.scenario), " · seed " + run.seed + " · " + run.count.toLocaleString("en") + " events in " + length(run.ended)),
      copy,
    );
  }

  show(id) {
    this.shown = id;
    if (id >= 0 && this.open !== "history") this.open = "event";
    this.draw();
  }

  draw() {
    const tabs = document.getElementById("tabs"), body = document.getElementById("body");
    tabs.replaceChildren(...Object.entries(this.tabs).map(([name, label]) => {
      const tab = make("button", { type: "button", role: "tab", id: "tab-" + name, "aria-selected": name === this.open }, label);
      tab.onclick = () => { this.open = name; this.draw(); };
      return tab;
    }));
    body.replaceChildren(...this[this.open]());
    body.scrollTop = 0;
  }

  /** A line that leads to an event. */
  link(id, ...inside) {
    const link = make("button", { type: "button", className: "link" }, ...inside);
    link.onclick = () => this.go(id);
    return link;
  }

  /** An event on one line, with when and where. */
  line(id) {
    return this.link(id,
      make("span", { className: "when" }, clock(this.run.time[id])),
      make("b", { className: "who" }, this.words.place(this.run.place[id])),
      make("span", { className: "what" }, this.words.origin(id)));
  }

  why() {
    const { run } = this;
    const parts = [];
    if (run.violation !== null) {
      parts.push(make("h2", {}, run.property + " does not hold"));
      parts.push(this.verdict());
      parts.push(make("p", {}, this.link(run.opens, "Go to where it went wrong")));
    } else {
      parts.push(make("h2", {}, run.verdict === "passed" ? "Everything that was judged holds" : "It could not be decided"));
      if (run.says) parts.push(this.verdict());
    }
    for (const { to, events } of run.chains) {
      parts.push(make("h3", {}, "What led to " + to));
      parts.push(make("ol", { className: "chain" }, ...events.map((id) => make("li", {}, this.line(id)))));
    }
    if (run.about.about) parts.push(make("h3", {}, "The scenario"), make("p", { className: "about" }, run.about.about));
    const faults = [];
    for (let id = 0; id < run.count && faults.length < 40; id++) if (run.what[id] === FAULT || run.what[id] === CRASH) faults.push(id);
    if (faults.length) parts.push(make("h3", {}, "What went wrong in the world"), make("ul", { className: "chain" }, ...faults.map((id) => make("li", {}, this.line(id)))));
    parts.push(make("p", { className: "fine" }, "fingerprint " + run.fingerprint + " · " + run.about.build));
    return parts;
  }

  /** What the judge says: a sentence, or a table of its own. */
  verdict() {
    const { says } = this.run;
    return make("pre", { className: says.includes("\n") ? "verdict table" : "verdict" }, says);
  }

  event() {
    const { run, words, shown: id } = this;
    if (id < 0) return [make("p", { className: "hint" }, "Choose an event: click or tap it, or step with ↑ and ↓ (← and → stay with one node).")];
    const role = run.text(run.role[id]);
    const parts = [
      make("h2", {}, make("span", { className: "who" }, words.place(run.place[id])), role ? make("span", { className: "role" }, role) : null,
        make("span", { className: "when" }, clock(run.time[id]))),
      this.cause(id),
    ];
    const effects = words.effects(id);
    if (effects.length) {
      parts.push(make("h3", {}, "What came of it"));
      parts.push(make("ul", { className: "effects" }, ...effects.map((effect) => this.effect(effect))));
    }
    parts.push(...this.state(id));
    return parts;
  }

  cause(id) {
    const { run, words } = this;
    const message = run.received(id);
    const card = make("div", { className: "card" });
    if (message >= 0) {
      card.style.borderColor = this.painter.hue(run.kindOf(message));
      card.append(make("h4", {}, words.origin(id)), make("pre", {}, run.text(run.message.text[message])));
      card.append(make("p", { className: "fine" }, "sent at " + clock(run.time[run.message.sent[message]]) + ", " + words.fate(message)));
      card.append(this.link(run.message.sent[message], "← where it was sent"));
    } else {
      card.append(make("pre", {}, words.event(id)));
      if (run.cause[id] >= 0) card.append(this.link(run.cause[id], "← why: " + words.place(run.place[run.cause[id]]) + ", " + words.origin(run.cause[id])));
    }
    return card;
  }

  effect([sign, text, message]) {
    const { run, words } = this;
    const item = make("li", {}, make("span", { className: "sign" }, sign), " ", make("span", {}, text));
    if (message < 0) return item;
    const arrived = run.message.end[message] === END.received;
    item.style.setProperty("--hue", this.painter.hue(run.kindOf(message)));
    item.classList.add("sent");
    const fate = words.fate(message);
    item.append(" ", arrived ? this.link(run.message.at[message], fate + " →") : make("span", { className: "bad" }, fate));
    return item;
  }

  state(id) {
    const { run } = this;
    const parts = [];
    const changes = run.changes(id);
    if (changes.length && run.what[id] !== START) {
      parts.push(make("h3", {}, "What the step changed"));
      parts.push(make("table", { className: "state" }, ...changes.map(({ path, was, is }) => make("tr", {},
        make("th", {}, path), make("td", { className: "was" }, was ?? "—"), make("td", { className: "is" }, is ?? "—")))));
    }
    const state = run.state(id);
    if (state.size) {
      const rows = [...state].map(([path, is]) => make("tr", {}, make("th", {}, run.text(path)), make("td", {}, run.text(is))));
      parts.push(make("details", { open: !changes.length || run.what[id] === START },
        make("summary", {}, "What it knows now"), make("table", { className: "state" }, ...rows)));
    }
    return parts;
  }

  history() {
    const { run } = this;
    if (!run.operations.length) return [make("p", { className: "hint" }, "Nobody asked anything.")];
    const most = 2000;
    const blamed = run.operations.filter((it) => it.blamed);
    const rest = run.operations.filter((it) => !it.blamed).slice(0, most);
    const table = (operations) => make("table", { className: "history" },
      make("thead", {}, make("tr", {}, ...["", "asked", "told", "from", "to"].map((it) => make("th", {}, it)))),
      make("tbody", {}, ...operations.map((it) => this.operation(it))));
    const parts = [];
    if (blamed.length) parts.push(make("h3", {}, "What the verdict names"), table(blamed), make("h3", {}, "The others"));
    parts.push(table(rest));
    if (run.operations.length - blamed.length > most) parts.push(make("p", { className: "fine" }, "…and more: " + run.operations.length.toLocaleString("en") + " in all."));
    return parts;
  }

  operation(it) {
    const { run } = this;
    const row = make("tr", { className: it.blamed ? "blamed" : it.ok ? "" : "open" },
      make("td", {}, this.link(it.from, it.id)), make("td", {}, it.asked), make("td", {}, it.told ?? "no answer yet"),
      make("td", { className: "when" }, clock(run.time[it.from])),
      make("td", { className: "when" }, it.until === null ? "" : this.link(it.until, clock(run.time[it.until]))));
    return row;
  }

  key() {
    const { painter, run } = this;
    const swatch = (hue, text) => make("li", {}, make("i", { style: "background:" + hue }), text);
    const keys = [["↑ ↓", "the event before, the next one"], ["← →", "the same, at one node"], ["+ −", "zoom; so does Ctrl with the wheel, or two fingers"],
      ["0", "the whole run"], ["v", "where it went wrong"], ["t", "time to scale, or a row for each event"], ["c", "light the cone of what is chosen"],
      ["o", "show nothing but the cone"], ["/", "find"], ["Esc", "choose nothing"]];
    return [
      make("h3", {}, "Messages"), make("ul", { className: "swatches" }, ...run.kinds.map((kind) => swatch(painter.hue(kind), kind))),
      make("h3", {}, "Roles"), make("ul", { className: "swatches" }, ...[...painter.hueOfRole].map(([role, hue]) => swatch(hue, role))),
      make("h3", {}, "Marks"), make("p", {}, "A dot is a message that arrives, a dial a timer, a square a disk, a triangle a start, a cross a crash. A small drum: the step writes to its disk. The broad red band is what led to where it went wrong. A red cross at an arrow's end: it does not arrive; dashes: it is lost, held or a copy. The bars at clients are their operations; red ones the verdict names. Tinted lanes stand together in a partition, or are what a fault is about."),
      make("p", {}, make("span", { className: "past" }, "Left of a lane, blue"), ": what the chosen event depends on. ", make("span", { className: "future" }, "Orange"), ": what depends on it."),
      make("h3", {}, "Keys"), make("dl", { className: "keys" }, ...keys.flatMap(([key, text]) => [make("dt", {}, key), make("dd", {}, text)])),
    ];
  }
}

function flash(element) {
  element.classList.add("done");
  setTimeout(() => element.classList.remove("done"), 900);
}
