/**
 * A room on a node with players: it follows the room's channel, holds what the owner has told, cuts what each player sees, and takes the
 * players' inputs to the owner, whoever that is.
 */
import type { Broker, ChangesHint, Signal } from "../../../../broker/index.js";
import { parseCursor, type Clock, type Cursor, type Random, type SubscribeOptions } from "../../../../protocol/index.js";
import { Frames } from "../../../../room/frames.js";
import type { RoomDef } from "../../../../room/shape.js";
import type { Subscriber } from "../../../delivery/audience.js";
import { TidemarkError } from "../../../errors.js";
import { AT_BEGINNING, type ChannelFeed, type Start, type Subscribers } from "../../../feed/channel-feed.js";
import type { RoomMail } from "../owner/mail.js";
import type { Keyframe, LetterItem } from "../messages.js";
import { freezeJson, throughJson } from "../run/json-value.js";
import { decodeSignal, reignOf, type RoomSignal } from "../tick-message.js";
import { checked } from "./checked.js";
import { RoomEvents } from "./events.js";
import { closedError } from "./join-error.js";
import type { Joining, Player, PlayerHost, PlayerView } from "./player.js";
import { Players } from "./players.js";
import { ReignWatch, type ReignWatchOwner } from "./reign-watch.js";
import type { FoundReign } from "./reigns.js";
import { Repair } from "./repair.js";
import { Requests } from "./requests.js";
import { Screen, Screens, type ScreensOwner, type Showing } from "./screens.js";
import { Summons, type Placement } from "./summons.js";
import { Track, type Reached } from "./track.js";
import { Views } from "./views.js";

/** After so many ticks without a word of its owner another one is looked for, but not before so many milliseconds. */
const SILENT_TICKS = 10;
const SILENT_MS = 1000;
/** The same of a room without ticks, whose owner gives a sign once a second. */
const SILENT_WITHOUT_TICKS_MS = 2500;
/** How often what a room without ticks has not acknowledged is looked at, in milliseconds. */
const PASS_MS = 250;
/** How long the last tick of a room that has ended is waited for, in milliseconds. */
const LAST_TICK_MS = 500;

export interface RoomPlaceDeps {
  readonly broker: Broker;
  /** Its timers never throw. */
  readonly clock: Clock;
  readonly random: Pick<Random, "id">;
  readonly mail: Pick<RoomMail, "post">;
  readonly placement: Placement;
  /** Has `flush` called at the end of this turn. */
  readonly collect: (flush: () => void) => void;
  /** Told of what fails in here, and of the first view of a room that throws. Must not throw. */
  readonly onError: (error: unknown, channel: string) => void;
}

/** Which room it is. */
export interface RoomAt {
  readonly channel: string;
  /** This node's number for the channel, that lines begin with. */
  readonly ch: number;
  readonly def: RoomDef;
  /** What its players asked for. */
  readonly match: ReadonlyMap<string, string>;
}

export class RoomPlace implements ChannelFeed, ReignWatchOwner, ScreensOwner, PlayerHost {
  readonly channel: string;
  readonly audience: Subscribers;
  readonly #at: RoomAt;
  readonly #deps: RoomPlaceDeps;
  readonly #watch: ReignWatch;
  readonly #repair: Repair;
  readonly #requests: Requests;
  readonly #players: Players;
  readonly #screens: Screens;
  readonly #summons: Summons;
  readonly #views: Views;
  readonly #events: RoomEvents;
  readonly #heard = { ack: 0, depth: 0 };
  readonly #onError: (error: unknown) => void;
  #track: Track | undefined;
  #showing: Showing | undefined;
  /** The reign of an owner on this node, which tells what it does without the broker. */
  #near: string | undefined;
  /** Why the room has ended for good, if it has. */
  #ended: string | undefined;
  #isLastTick = false;
  #hasMoved = false;
  #isTurnDue = false;
  #isPassing = false;
  #isClosed = false;

  constructor(at: RoomAt, deps: RoomPlaceDeps) {
    const { broker, clock, random, onError } = deps;
    const { channel, ch, def } = at;
    const { shape, hooks } = def;
    this.channel = channel;
    this.#at = at;
    this.#deps = deps;
    this.#onError = (error) => onError(error, channel);
    const name = random.id();
    const soon = (): void => this.#soon();
    this.#watch = new ReignWatch({ broker, channel, onError: this.#onError }, this);
    this.#repair = new Repair({ clock, name, soon });
    this.#requests = new Requests({ clock, name, soon, onSilence: () => this.#summons.watch() });
    this.#players = new Players({
      clock,
      host: this,
      requests: this.#requests,
      rules: { schema: shape.input, rate: shape.rate },
    });
    this.#screens = new Screens(ch, this);
    this.#views = new Views(hooks.view, shape.state, this.#onError);
    this.#events = new RoomEvents(ch);
    const silence = Math.max(SILENT_MS, (SILENT_TICKS * 1000) / shape.rate);
    this.#summons = new Summons({
      clock,
      patience: shape.rate === 0 ? SILENT_WITHOUT_TICKS_MS : silence,
      isNeeded: () => this.#ended === undefined && this.#players.size + this.#requests.size > 0,
      summon: () => this.#summon(),
    });
    this.audience = new Audience(this.#screens);
  }

  /** How many play here. */
  get players(): number {
    return this.#players.size;
  }

  /** How many look on here, without a seat. */
  get spectators(): number {
    return this.#screens.spectators;
  }

  get beginning(): Cursor | undefined {
    const reign = this.#watch.newest;
    return reign && { epoch: reign.name, offset: 0 };
  }

  get showing(): Showing | undefined {
    return this.#showing;
  }

  /** Finds out who owns the room, if anybody does; the channel must be followed already. Rejects with the broker's error. */
  async open(): Promise<void> {
    await this.#watch.look();
  }

  start({ cursor }: SubscribeOptions): Start {
    const from = parseCursor(cursor ?? "");
    return from === undefined ? AT_BEGINNING : { cursor: from };
  }

  /** Somebody looks on. */
  add(subscriber: Subscriber): void {
    this.#screens.add(new Screen(subscriber, { cursor: subscriber.cursor }));
  }

  /**
   * Takes a seat for a connection, which may have one already. Whoever gets a player has to say when its connection ends.
   *
   * @throws {TidemarkError} as a rejection: `invalid`, `room_full`, `room_closed`, `forbidden`, `unavailable`
   */
  async join(joining: Joining): Promise<Player> {
    const join = await checked(this.#at.def.shape.join, joining.join);
    if (join instanceof TidemarkError) throw join;
    if (this.#ended !== undefined) throw closedError(this.#ended);
    const user = freezeJson(throughJson(joining.user))?.value;
    const onEnd: Joining["onEnd"] = (why, reason) => {
      try {
        joining.onEnd(why, reason);
      } catch (error) {
        this.#onError(error);
      }
    };
    const joined = this.#players.join({ ...joining, user, onEnd }, join.value);
    this.#needOwner();
    return joined;
  }

  begin(player: Player, subscriber: Subscriber, { cursor, budget }: PlayerView): void {
    if (player.hasEnded) return;
    player.screen = new Screen(subscriber, { seat: player.seat, cursor, budget });
    this.#screens.add(player.screen);
  }

  /** Hot path: once an input. */
  input(player: Player, n: number, value: unknown, seen: number | undefined): TidemarkError | undefined {
    if (player.hasEnded) return new TidemarkError("forbidden", "this connection has no seat in the room");
    try {
      const shown = player.screen?.tick ?? 0;
      const refused = player.edge.take(n, value, seen, shown, this.#deps.clock.monotonic());
      if (refused !== undefined) return refused;
    } catch (error) {
      this.#onError(error);
      return new TidemarkError("internal", "the schema of inputs failed");
    }
    this.#summons.watch();
    if (this.#at.def.shape.rate === 0) this.#passTime();
    this.#soon();
    return undefined;
  }

  async leave(player: Player): Promise<void> {
    this.ended(player);
    if (!(await this.#players.leave(player)))
      throw new TidemarkError("unavailable", "the room did not answer in time; the seat is kept for a while");
  }

  disconnect(player: Player): void {
    this.ended(player);
    this.#players.disconnect(player);
  }

  ended({ screen }: Player): void {
    if (screen !== undefined) this.#screens.delete(screen.subscriber);
  }

  onEntries(): void {}

  onChanges(hint: ChangesHint): void {
    this.#watch.onChanges(hint);
  }

  /** Hot path: once a tick. */
  onSignals(signals: readonly Signal[]): void {
    for (const { data } of signals) {
      if (typeof data === "string") continue;
      const name = reignOf(data);
      // What an owner on this node says was heard before.
      if (name === undefined || name === this.#near) continue;
      try {
        this.#watch.hear(name, () => decodeSignal(data));
      } catch (error) {
        this.#onError(error);
      }
    }
  }

  /** An owner on this node tells it what it tells all. */
  onTold(signal: RoomSignal): void {
    this.#near = signal.reign;
    this.#watch.hear(signal.reign, () => signal);
  }

  onItem(item: LetterItem, from: string): void {
    switch (item.is) {
      case "answer":
        if (item.code === "room_moved") this.#watch.lookAround();
        return this.#requests.answer(item);
      case "keyframe":
        return this.#onKeyframe(item);
      case "taken":
        return this.#players.taken(item.seat, item.client);
      case "moved":
        if (from !== this.#watch.newest?.node || item.reign === this.#watch.newest.name) return;
        this.#watch.lookAround();
        if (item.reign === undefined) this.#summons.summon();
        return;
      case "batch":
      case "place":
      case "placed":
      case "handover":
    }
  }

  /** Compares with the broker: something may have been lost. */
  check(): void {
    this.#watch.lookAround();
  }

  close(): void {
    this.#players.close();
    this.#post();
    this.#isClosed = true;
    this.#watch.close();
    this.#repair.want(false);
    this.#requests.close();
    this.#summons.close();
  }

  onReign({ name, released }: FoundReign, hasLost: boolean): void {
    const track = new Track(name, this.#at.def.shape.state);
    const frames = new Frames(track.stores);
    this.#track = track;
    const events = this.#events;
    this.#showing = {
      reign: name,
      hasLost,
      frames,
      events,
      get tick() {
        return track.tick;
      },
    };
    events.clear();
    this.#screens.renew();
    this.#repair.want(false);
    if (released) return;
    this.#summons.heard();
    this.#requests.again();
    this.#players.onReign();
    this.#repair.want(true);
  }

  onEpoch(): void {
    this.#players.onEpoch();
  }

  onClosed(reason: string | undefined): void {
    if (reason !== undefined && this.#ended === undefined)
      this.#deps.clock.setTimeout(() => this.#endPlayers(), LAST_TICK_MS);
    this.#ended = reason;
    if (reason !== undefined) this.#players.refuse("room_closed", { reason });
  }

  onSignal(signal: RoomSignal): void {
    const track = this.#track;
    if (track === undefined) return;
    this.#summons.heard();
    this.#players.heard();
    if (signal.is === "alive") track.alive(signal.tick);
    else this.#within(() => this.#reach(track.take(signal)));
    this.#repair.want(track.hasHole);
    this.#soon();
  }

  viewOf({ seat }: Screen): ReturnType<Views["of"]> {
    if (seat === undefined) return "all";
    const shown = this.#track?.seats.get(seat);
    return shown && this.#track && this.#views.of(shown, this.#track.stores);
  }

  /** Hot path: the same object for all. */
  heardOf({ seat }: Screen): Readonly<{ ack: number; depth: number }> {
    const edge = seat === undefined ? undefined : this.#players.get(seat)?.edge;
    this.#heard.ack = edge?.last ?? 0;
    this.#heard.depth = edge?.depth ?? 0;
    return this.#heard;
  }

  #onKeyframe(keyframe: Keyframe): void {
    const track = this.#track;
    if (track === undefined || track.reign !== keyframe.reign) return;
    this.#summons.heard();
    this.#within(() => {
      const reached = track.takeKeyframe(keyframe);
      if (reached === undefined) return;
      this.#hasMoved = true;
      // What happened in the ticks that it stands for is all that is left to tell of them.
      for (const message of reached) if (message.tick <= keyframe.tick) this.#events.add(message);
      this.#players.onKeyframe(keyframe, track.seats);
      this.#reach(reached.filter(({ tick }) => tick > keyframe.tick));
    });
    this.#repair.want(track.hasHole);
    this.#soon();
  }

  #reach(reached: Reached): void {
    for (const message of reached) {
      this.#hasMoved = true;
      this.#events.add(message);
      this.#players.onTick(message);
      if (message.closed === undefined) continue;
      this.#isLastTick = true;
      this.onClosed(message.closed);
    }
  }

  /** What cannot be read is as good as lost. */
  #within(take: () => void): void {
    try {
      take();
    } catch (error) {
      this.#onError(error);
    }
  }

  #endPlayers(): void {
    if (this.#ended !== undefined && !this.#isClosed) this.#players.endAll("closed", this.#ended);
  }

  /** Looks for an owner where it is known that there is none, and otherwise waits to hear of it. */
  #needOwner(): void {
    const reign = this.#watch.newest;
    if (reign === undefined || reign.released) this.#summons.summon();
    this.#summons.watch();
  }

  async #summon(): Promise<void> {
    const { placement } = this.#deps;
    const reign = this.#watch.newest;
    try {
      const was = reign?.released === false ? reign.name : undefined;
      const { owner, refused, reason, after } = await placement.place(this.channel, this.#at.match, was);
      if (refused === "room_full" || refused === "room_closed") this.#players.refuse(refused, { reason, after });
      if (owner !== undefined) this.#summons.heard();
      await this.#watch.look();
    } catch (error) {
      this.#onError(error);
    }
  }

  /** In a room without ticks it is time that says how long something has not been acknowledged. */
  #passTime(): void {
    if (this.#isPassing) return;
    this.#isPassing = true;
    this.#deps.clock.setTimeout(() => {
      this.#isPassing = false;
      if (this.#isClosed || !this.#players.awaits) return;
      this.#players.heard();
      this.#passTime();
      this.#soon();
    }, PASS_MS);
  }

  #soon(): void {
    if (this.#isTurnDue || this.#isClosed) return;
    this.#isTurnDue = true;
    this.#deps.collect(() => {
      this.#isTurnDue = false;
      if (this.#isClosed) return;
      if (this.#hasMoved) this.#screens.flush();
      this.#hasMoved = false;
      if (this.#isLastTick) this.#endPlayers();
      this.#isLastTick = false;
      this.#post();
    });
  }

  /** Sends the owner what there is for it. */
  #post(): void {
    const reign = this.#watch.newest;
    if (reign === undefined || reign.released) return;
    const { inputs, seen, isLost } = this.#players.collect();
    if (isLost) this.#watch.lookAround();
    const keyframe = this.#repair.due();
    const due = this.#requests.due();
    const requests = keyframe === undefined ? due : [...due, keyframe];
    if (inputs.length + seen.length + requests.length === 0) return;
    const { name, node } = reign;
    this.#deps.mail.post(node, { is: "batch", channel: this.channel, reign: name, inputs, seen, requests });
  }
}

/** Everybody who is sent frames. */
class Audience implements Subscribers {
  readonly #screens: Screens;

  constructor(screens: Screens) {
    this.#screens = screens;
  }

  get size(): number {
    return this.#screens.size;
  }

  [Symbol.iterator](): Iterator<Subscriber> {
    return this.#screens[Symbol.iterator]();
  }

  delete(subscriber: Subscriber): void {
    this.#screens.delete(subscriber);
  }
}
