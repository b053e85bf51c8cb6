"use strict";

// What happened, in words.

/** A time in milliseconds, to the microsecond. */
function clock(nanos) {
  return (nanos / 1e6).toFixed(3) + "ms";
}

/** A length as a person says it. */
function length(nanos) {
  if (nanos >= 1e9) return +(nanos / 1e9).toFixed(3) + "s";
  if (nanos >= 1e6) return +(nanos / 1e6).toFixed(3) + "ms";
  if (nanos >= 1e3) return +(nanos / 1e3).toFixed(3) + "µs";
  return nanos + "ns";
}

class Words {
  constructor(run) {
    this.run = run;
  }

  place(place) {
    return place < 0 ? "world" : this.run.places[place].name;
  }

  /** What an event was, in a few words. */
  event(id) {
    const { run } = this;
    const about = run.aboutWhat[id];
    switch (run.what[id]) {
      case START:
        return about < 0 ? "starts" : "restarts: " + run.text(about);
      case RECEIVED:
        return run.text(run.message.text[about]) || run.kindOf(about);
      case TIMER:
        return run.text(about) + " rings";
      case DISK:
        return run.text(about);
      case DURABLE:
        return "durable: the step goes on";
      case CRASH:
        return about < 0 ? "crashes" : "crashes " + run.text(about);
      case INVOKED:
        return run.operations[about].id + " " + run.operations[about].asked;
      case WAITED:
        return this.waited(id);
      case VIOLATION:
        return "violated: " + run.text(about);
      default:
        return run.text(about);
    }
  }

  waited(id) {
    const over = this.run.effects[id].indexOf(COMPLETED);
    return over >= 0 && over % 2 === 0 ? "gives up" : "asks again";
  }

  /** Whence it came, for a heading. */
  origin(id) {
    const { run } = this;
    const message = run.received(id);
    if (message < 0) return this.event(id);
    return run.kindOf(message) + " from " + this.place(run.message.from[message]);
  }

  /** What became of a message. */
  fate(message) {
    const { run } = this;
    const { end, at, latency, to, sent } = run.message;
    const receiver = this.place(to[message]);
    switch (end[message]) {
      case END.received: {
        const took = run.time[at[message]] - run.time[sent[message]];
        const waited = took - latency[message];
        const late = waited > 0 ? ", and waited " + length(waited) + " there" : "";
        const after = latency[message] > 0 ? "after " + length(latency[message]) : "at once";
        return "arrived " + after + late;
      }
      case END.lost:
        return "the network lost it";
      case END.cut:
        return at[message] < 0 ? "the link was cut" : "the link was cut before it arrived";
      case END.down:
        return receiver + " was down when it came";
      case END.forgotten:
        return "waited for " + receiver + ", and went with its crash";
      case END.held:
        return "held at the clogged link";
      default:
        return "still under way at the end, after " + length(run.ended - run.time[sent[message]]);
    }
  }

  /** What came of an event: `[sign, text, message]`, where a message is a number or -1. */
  effects(id) {
    const { run } = this;
    const effects = run.effects[id];
    const told = [];
    for (let i = 0; i < effects.length; i += 2) {
      const about = effects[i + 1];
      const text = () => run.text(about);
      switch (effects[i]) {
        case SENT: {
          const { to, kind, text: says } = run.message;
          const plain = run.text(says[about]) || run.text(kind[about]);
          const copy = run.message.copies.has(about) ? " (a copy)" : "";
          told.push(["→ " + this.place(to[about]), plain + copy, about]);
          break;
        }
        case 1: told.push(["timer", text(), -1]); break;
        case 2: told.push(["timer", text() + " cancelled", -1]); break;
        case WRITE: told.push(["disk", "writes " + text(), -1]); break;
        case CHECKPOINT: told.push(["disk", text(), -1]); break;
        case SYNC: told.push(["disk", text(), -1]); break;
        case FLUSH: told.push(["disk", "waits until that is durable", -1]); break;
        case REACHED: told.push(["reached", text(), -1]); break;
        case BECOMES: told.push(["becomes", text() || "node", -1]); break;
        case COMPLETED: {
          const operation = run.operations[about];
          told.push(["over", operation.id + " " + operation.asked + " = " + operation.told, -1]);
          break;
        }
        default: told.push(["note", text(), -1]);
      }
    }
    return told;
  }

  /** Everything that a search looks through. */
  whole(id) {
    const effects = this.effects(id).map(([sign, text]) => sign + " " + text);
    const message = this.run.received(id);
    const kind = message < 0 ? "" : this.run.kindOf(message);
    return [this.place(this.run.place[id]), kind, this.event(id), ...effects].join("\n");
  }
}
