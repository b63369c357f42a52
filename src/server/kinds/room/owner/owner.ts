import { BrokerError, type Broker } from "../../../../broker/index.js";
import type { Clock, Random, Timer } from "../../../../protocol/index.js";
import type { RoomDef, ShapeData } from "../../../../room/shape.js";
import { detach, type OnError } from "../../../guard.js";
import type { Logger } from "../../../logger.js";
import type { Batch } from "../messages.js";
import type { OwnerReport } from "../owner-report.js";
import type { RoomSignal } from "../tick-message.js";
import type { Settings } from "../run/settings.js";
import type { StepMarks, Watched } from "../watch/steps.js";
import { Desk, type Asked } from "./desk.js";
import type { RoomMail } from "./mail.js";
import { Reigning } from "./reigning.js";
import type { End } from "./reigning-deps.js";
import { reportOf } from "./report-of.js";
import type { ReignRecord } from "./room-log.js";
import { readNote, takeOver, type Memory, type Taken } from "./takeover.js";
import type { TenureOptions } from "./tenure.js";
import { TickMeter, type TurnTaken } from "./tick-meter.js";
import { ThrowLog } from "./throw-log.js";

/** How long it waits before it asks again for a reign that it may go on under, in milliseconds. */
const AGAIN_MS = 250;

export interface OwnerDeps {
  readonly broker: Broker;
  /** Its timers never throw. */
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly mail: Pick<RoomMail, "post">;
  readonly times: TenureOptions;
  readonly marks: StepMarks;
  readonly onError: OnError;
  readonly onTold: (channel: string, signal: RoomSignal) => void;
  readonly onTurn: (turn: TurnTaken) => void;
}

export interface OwnedRoom {
  readonly channel: string;
  readonly def: RoomDef;
  readonly settings: Settings;
  /** Whether this node has no other room. */
  readonly isAlone: () => boolean;
  /** This node does not own it any more. `deaf`: because it hears nothing. Called once, never within a call of this one's. */
  readonly onGone: (why: Gone) => void;
}

/** `taken`: by another node, or by nobody yet. `released`: saved, and free. */
export type Gone = "closed" | "released" | "taken" | "deaf" | "broken";

/**
 * A room that this node owns. It lasts for as long as nobody else can have gone on with the room: where its reign ends because
 * the broker is away, or has
 * lost data, it stands still, and what it remembers is the best there is of the room until it knows better (R8).
 */
export class Owner {
  readonly channel: string;
  /** How its ticks keep time. */
  readonly meter = new TickMeter();
  readonly #deps: OwnerDeps;
  readonly #room: OwnedRoom;
  readonly #desk: Desk;
  readonly #throwLog: ThrowLog;
  #taken: Taken;
  /** Undefined while it stands still. */
  #reigning: Reigning | undefined;
  /** The name of the newest reign. */
  #name = "";
  #isGone = false;
  /** It is to let go of the room, and does not ask for it again where that fails. */
  #isLeaving = false;
  #again: Timer;

  constructor(deps: OwnerDeps, room: OwnedRoom, taken: Taken) {
    const { channel } = room;
    this.channel = channel;
    this.#deps = deps;
    this.#room = room;
    this.#throwLog = new ThrowLog(channel, deps.clock, deps.log);
    this.#desk = new Desk({
      channel,
      mail: deps.mail,
      onKeyframe: (asked) => this.#reigning?.sendKeyframe(asked),
      onCheckpoint: (asked) => this.#reigning?.saveFor(asked),
      onVouch: (asked) => this.#vouchFor(asked),
      report: () => this.report,
      onEntering: () => this.#reigning?.poke(),
      onStuck: (why) => this.#reigning?.blame(why),
    });
    this.#taken = taken;
    this.#reign(taken);
  }

  /** The name of the reign; undefined while it has none. */
  get reign(): string | undefined {
    return this.#reigning?.isGood === true ? this.#name : undefined;
  }

  /** What the log judges its writes by: for who watches over this process. */
  get token(): string | undefined {
    return this.#reigning === undefined ? undefined : this.#taken.reign.token;
  }

  get record(): ReignRecord | undefined {
    return this.#reigning?.keeper.record;
  }

  /** What there is to say of it; undefined while it stands still. */
  get report(): OwnerReport | undefined {
    const record = this.reign === undefined ? undefined : this.record;
    return record && reportOf(record, this.run, this.meter);
  }

  /** What its steps are marked with. */
  get watched(): Watched {
    return this.#taken.watched;
  }

  /** The room itself, for those on this node who look at it between ticks. */
  get run(): Taken["run"] {
    return this.#taken.run;
  }

  get shape(): ShapeData {
    return this.#room.def.shape;
  }

  /** What it was made for. */
  get match(): ReadonlyMap<string, string> {
    return this.#taken.made.match;
  }

  takeIn(batch: Batch, from: string): void {
    if (this.#isGone) return;
    const { mail } = this.#deps;
    if (this.reign !== undefined && batch.reign !== this.reign)
      mail.post(from, { is: "moved", channel: this.channel, reign: this.reign });
    this.#desk.takeIn(batch, from, this.#name, this.#taken.run);
  }

  /** These nodes are gone, and with them the connections of their players. */
  nodesGone(nodes: ReadonlySet<string>): void {
    this.#desk.nodesGone(nodes);
  }

  /** Whoever had it before was cut off, and did not die of it. */
  survived(reign: string): void {
    this.#reigning?.keeper.survived(reign);
  }

  /** The operator vouches for it: reigns before this one do not count any more. Whether the log says so. */
  async vouch(): Promise<boolean> {
    return (await this.#reigning?.keeper.vouch()) === "written";
  }

  notAlone(): void {
    this.#reigning?.keeper.notAlone();
  }

  /** Saves the room and lets go of it, as far as it has it. @param next the node that it is handed to */
  async leave(next?: string): Promise<void> {
    this.#isLeaving = true;
    if (this.#reigning === undefined) this.#gone("taken");
    else await this.#reigning.leave(next);
  }

  /** Lets go of everything at once, as the end of its process would: nothing is saved. */
  drop(): void {
    this.#isGone = true;
    this.#deps.clock.clearTimeout(this.#again);
    this.#reigning?.drop();
    this.#reigning = undefined;
  }

  /** One that is not answered is asked again. */
  #vouchFor(asked: Asked): void {
    const answered = this.vouch().then((isDone) => {
      if (isDone) this.#desk.answer(asked, "ok", {});
    });
    detach(answered, this.#deps.onError);
  }

  #reign(taken: Taken): void {
    const { channel, settings } = this.#room;
    this.#taken = taken;
    this.#name = taken.record.name;
    this.#reigning = new Reigning(
      {
        ...this.#deps,
        channel,
        settings,
        desk: this.#desk,
        throwLog: this.#throwLog,
        onTold: (signal) => this.#deps.onTold(channel, signal),
        onTurn: (turn) => {
          this.meter.add(turn);
          this.#deps.onTurn(turn);
        },
        onEnd: (end) => this.#ended(end),
      },
      taken,
    );
  }

  #ended(end: End): void {
    const record = this.#reigning?.keeper.record ?? this.#taken.record;
    this.#reigning = undefined;
    const { log } = this.#deps;
    if (end.is !== "released" && end.is !== "closed")
      log.warn({ room: this.channel, reign: record.name, why: end.is }, "a room's owner stopped");
    if (this.#isLeaving && end.is !== "closed")
      return this.#gone(end.is === "released" ? "released" : "taken");
    switch (end.is) {
      case "closed":
        this.#desk.refuse("room_closed", end.reason);
        return this.#gone("closed");
      case "released":
        return this.#gone("released");
      case "broken":
        return this.#gone("broken");
      case "deaf":
        return this.#gone("deaf");
      case "late":
      case "lost":
        return this.#goOn(record, undefined);
      case "fenced":
        return this.#goOn(record, record.epoch);
    }
  }

  /** Asks whether somebody else has gone on with the room. Until that is known it stands still. */
  #goOn(record: ReignRecord, fencedIn: string | undefined): void {
    const { run, made, names } = this.#taken;
    const memory: Memory = { run, made, names, reign: record, fencedIn };
    detach(this.#takeAgain(memory), (error) => {
      this.#deps.onError(error);
      this.#gone("broken");
    });
  }

  async #takeAgain(memory: Memory): Promise<void> {
    const { channel, def, settings, isAlone } = this.#room;
    const { ttl } = this.#deps.times;
    const request = { channel, def, settings, match: memory.made.match, was: undefined, alone: isAlone() };
    try {
      const takeover = await takeOver({ ...this.#deps, ttl }, { ...request, mayBeMarked: isAlone(), memory });
      if (this.#isGone) {
        if (takeover.is === "taken") await takeover.reign.release();
        return;
      }
      if (takeover.is === "taken") return this.#reign(takeover);
      if (takeover.is === "held" && readNote(takeover.by).node === this.#deps.broker.node)
        return await this.#goOnBehind(takeover, memory);
      // What others have made of it since is another room than the one remembered here: it begins from the log, with whoever wants it (R4).
      if (takeover.is === "held") this.#saySurvived(takeover.by, memory.reign.name);
      if (takeover.is === "closed") this.#desk.refuse("room_closed", takeover.reason);
      this.#gone(takeover.is === "closed" ? "closed" : "taken");
    } catch (error) {
      if (this.#isGone) return;
      if (!(error instanceof BrokerError) || error.code === "closed") throw error;
      this.#again = this.#deps.clock.setTimeout(() => this.#goOn(memory.reign, memory.fencedIn), AGAIN_MS);
    }
  }

  /** What has it is this node's own: a renewal, or an earlier try, that came through while its answer did not. Nobody else has gone on. */
  async #goOnBehind(
    { by, left }: { readonly by: string; readonly left: number },
    { reign, fencedIn }: Memory,
  ): Promise<void> {
    const isKnown = readNote(by).name === this.#name;
    if (isKnown) await this.#taken.reign.release();
    this.#again = this.#deps.clock.setTimeout(() => this.#goOn(reign, fencedIn), isKnown ? 1 : left);
  }

  /** To whoever has it now, and may think that this node died of the room. */
  #saySurvived(note: string, reign: string): void {
    this.#deps.mail.post(readNote(note).node, { is: "survived", channel: this.channel, reign });
  }

  #gone(why: Gone): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#deps.clock.clearTimeout(this.#again);
    this.#desk.refuse("room_moved");
    this.#deps.clock.setImmediate(() => this.#room.onGone(why));
  }
}
