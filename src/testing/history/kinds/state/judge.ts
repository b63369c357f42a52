import type { Place, StateEvent } from "../../events.js";
import type { Findings } from "../../findings.js";
import type { ChannelEvent, Kind, KindJudge } from "../../kind-judge.js";
import { miscounted } from "./counts.js";
import { StateLog } from "./log-model.js";
import { Viewer, show } from "./viewer.js";

/** Channels of keys and values: what was said of them adds up to the same map for everybody. */
export const STATE: Kind = {
  begins: isOfState,
  judge: (findings) => new StateJudge(findings),
};

interface Asked {
  readonly channel: string;
  readonly publisher: string;
  readonly sequence: number;
  outcome: "open" | "placed" | "never" | "unknown";
  /** When it must not be in the log any more if it is not. */
  until: number;
}

class StateJudge implements KindJudge {
  readonly #findings: Findings;
  readonly #logs = new Map<string, StateLog>();
  readonly #viewers = new Map<string, Viewer>();
  readonly #asked = new Map<string, Asked>();
  /** The highest sequence in the log, by channel and publisher. */
  readonly #highest = new Map<string, number>();
  #calm = false;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  on(event: ChannelEvent): void {
    if (event.is === "loss") {
      if (!event.allowed)
        this.#findings.add("no silence", `the log of ${event.channel} lost everything after ${event.head}`);
      this.#log(event.channel).lose(event.head);
      for (const key of this.#highest.keys())
        if (key.startsWith(`${event.channel} `)) this.#highest.delete(key);
    } else if (isOfState(event)) this.#on(event);
    else this.#findings.add("one order", `a channel of keys has a ${event.is}`);
  }

  calm(): void {
    this.#calm = true;
  }

  quiet(final: boolean): void {
    for (const viewer of this.#viewers.values()) viewer.quiet(final);
    if (final) for (const log of this.#logs.values()) this.#mustHaveExpired(log);
    for (const [id, { outcome, channel }] of this.#asked)
      if (outcome === "open")
        this.#findings.add("progress", `the publish of ${id} on ${channel} has no answer`);
  }

  end(): void {
    for (const [id, { outcome, channel }] of this.#asked) {
      if (outcome === "never" && this.#log(channel).entriesOf(id).length > 0)
        this.#findings.add("at most once", `${id} was turned down, and it is in ${channel}`);
    }
  }

  #on(event: StateEvent): void {
    const log = this.#log(event.channel);
    switch (event.is) {
      case "epoch":
        return log.openEpoch(event);
      case "floor":
        log.floor = Math.max(log.floor, event.floor);
        return;
      case "change":
        return this.#change(log, event);
      case "view":
        return void this.#viewers.set(event.subscriber, new Viewer(event, log, this.#findings));
      case "unview":
        return void this.#viewers.delete(event.subscriber);
      case "asks": {
        const { channel, publisher, sequence } = event;
        this.#asked.set(event.id, { channel, publisher, sequence, outcome: "open", until: Infinity });
        return;
      }
      case "placed":
        return this.#placed(log, event.id, event.at);
      case "turned down": {
        const asked = this.#asked.get(event.id);
        if (asked === undefined) return;
        asked.outcome = event.outcome;
        asked.until = this.#findings.time + (event.within ?? Infinity);
        return;
      }
      default:
        return this.#viewer(event);
    }
  }

  #viewer(event: Extract<StateEvent, { is: "applied" | "leap" | "back" | "paused" | "within" }>): void {
    const viewer = this.#viewers.get(event.subscriber);
    if (viewer === undefined) {
      this.#findings.add("one order", `${event.subscriber} got a ${event.is} before it began`);
      return;
    }
    switch (event.is) {
      case "applied":
        return viewer.message(event);
      case "back":
        return viewer.resume(event.at, event.seen);
      case "paused":
        return viewer.pause(event.isPaused);
      case "within":
        return viewer.within();
      case "leap":
        if (this.#calm && event.reason !== "trimmed")
          this.#findings.add(
            "honest gaps",
            `${event.subscriber} was told "${event.reason}", and nothing was wrong`,
          );
        return viewer.leap(event);
    }
  }

  #change(log: StateLog, event: StateEvent & { is: "change" }): void {
    const { channel, offset, prev, id } = event;
    if (prev !== log.now.offset || offset <= prev)
      this.#findings.add("one order", `${channel} went from ${log.now.offset} to ${offset} after ${prev}`);
    for (const condition of event.if ?? []) this.#mustHold(log, event.offset, condition);
    if (id !== undefined) this.#enter(log, event, id);
    const { sum } = log.append(event, this.#findings.time);
    if (sum !== 0) {
      this.#findings.add("conditions", `the accounts of ${channel} are ${sum} together at ${offset}`);
    }
  }

  #enter(log: StateLog, { changes, if: conditions = [] }: StateEvent & { is: "change" }, id: string): void {
    const { channel } = log;
    const asked = this.#asked.get(id);
    if (asked === undefined) {
      this.#findings.add("at most once", `${id} entered ${channel}, and nobody asked for it`);
      return;
    }
    if (log.entriesOf(id).some((entry) => !entry.void))
      this.#findings.add("at most once", `${id} is in ${channel} twice`);
    if (this.#findings.time > asked.until)
      this.#findings.add("at most once", `${id} entered ${channel} when its key may have been forgotten`);
    const key = `${channel} ${asked.publisher}`;
    const highest = this.#highest.get(key) ?? -1;
    // A condition that did not hold, which nobody has heard of, may hold once what broke it was lost.
    const mayHold = log.losses > 0 && conditions.length > 0;
    // What its publisher was told to be unknown may come behind what that one has gone on to.
    const mayBeLate = mayHold || asked.outcome === "unknown" || log.entriesOf(id).length > 0;
    if (asked.sequence < highest && !mayBeLate)
      this.#findings.add("publisher order", `${id} entered ${channel} after number ${highest}`);
    this.#highest.set(key, Math.max(highest, asked.sequence));
    // What was lost may come again behind what was said after it.
    if (log.losses > 0 && asked.sequence < highest) return;
    for (const { slot, text } of changes) {
      const wrong = miscounted(slot, log.slot(slot)?.text ?? null, text, asked.publisher);
      if (wrong !== undefined) this.#findings.add("conditions", `${wrong} on ${channel} with ${id}`);
    }
  }

  #mustHold(
    log: StateLog,
    at: number,
    { slot, since }: { readonly slot: string; readonly since: Place | "absent" | "due" },
  ): void {
    const held = log.slot(slot);
    const wrong = (why: string): void =>
      this.#findings.add("conditions", `a change at ${at} of ${log.channel} entered, and ${slot} ${why}`);
    // When something is due, the store has judged.
    if (since === "due") return;
    if (since === "absent") {
      if ((held?.text ?? null) !== null) wrong("is there");
      return;
    }
    if (since.offset > 0 && !log.stands(since)) wrong(`was seen at ${show(since)}, which was lost`);
    else if ((held?.offset ?? 0) > since.offset) wrong(`has changed since ${show(since)}`);
  }

  /** What somebody said with a time to live is gone where a node has the channel open, whatever others have put beside it. */
  #mustHaveExpired(log: StateLog): void {
    if (![...this.#viewers.values()].some((viewer) => viewer.channel === log.channel)) return;
    for (const [slot, { text }] of log.slots)
      if (slot.startsWith("beat/") && text?.startsWith('{"n":') === true)
        this.#findings.add("progress", `${slot} of ${log.channel} does not expire: ${text}`);
  }

  #placed(log: StateLog, id: string, at: Place): void {
    const asked = this.#asked.get(id);
    if (asked !== undefined) asked.outcome = "placed";
    if (log.at(at) === undefined || !log.entriesOf(id).some(({ offset }) => offset === at.offset))
      this.#findings.add(
        "acknowledged",
        `${id} was answered ${show(at)} of ${log.channel}, and is not there`,
      );
  }

  #log(channel: string): StateLog {
    let log = this.#logs.get(channel);
    if (log === undefined) this.#logs.set(channel, (log = new StateLog(channel)));
    return log;
  }
}

const EVENTS: ReadonlySet<string> = new Set<StateEvent["is"]>([
  "epoch",
  "floor",
  "change",
  "view",
  "back",
  "applied",
  "leap",
  "paused",
  "within",
  "unview",
  "asks",
  "placed",
  "turned down",
]);

function isOfState(event: ChannelEvent): event is StateEvent {
  return EVENTS.has(event.is);
}
