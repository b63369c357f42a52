/** A room on a node with players: it holds what the owner has told, cuts what each player sees, and takes inputs to the owner, whoever that is. */
import type { ChangesHint, Signal } from "../../../../broker/index.js";
import { parseCursor, type Cursor, type SubscribeOptions } from "../../../../protocol/index.js";
import { shapeName } from "../../../../room/shape-name.js";
import type { Subscriber } from "../../../delivery/audience.js";
import { TidemarkError } from "../../../errors.js";
import { AT_BEGINNING, type ChannelFeed, type Start, type Subscribers } from "../../../feed/channel-feed.js";
import type { InputOutcome, LookingOn, PlayerView, RoomPart } from "../../../feed/room-part.js";
import type { Keyframe, LetterItem } from "../messages.js";
import { decodeSignal, reignOf, type RoomSignal } from "../tick-message.js";
import { findOwner } from "./find-owner.js";
import { closedError } from "./join-error.js";
import { travellingOf, type Joining } from "./joining.js";
import { Listeners } from "./listeners.js";
import type { RoomAt, RoomPlaceDeps } from "./place-deps.js";
import type { Player, PlayerHost } from "./player.js";
import { Players } from "./players.js";
import { ReignWatch, type ReignWatchOwner } from "./reign-watch.js";
import type { FoundReign } from "./reigns.js";
import { Repair } from "./repair.js";
import { Requests } from "./requests.js";
import { Screen } from "./screens.js";
import { seatIdOf, type SeatOwner } from "./seat-id.js";
import { Stage } from "./stage.js";
import { Summons, patienceOf } from "./summons.js";
import type { Reached } from "./track.js";
import { viewMarks } from "./view-marks.js";
import { Waiting } from "./waiting.js";

/** How long the last tick of a room that has ended is waited for, in milliseconds. */
const LAST_TICK_MS = 500;

export class RoomPlace implements ChannelFeed, ReignWatchOwner, PlayerHost, RoomPart {
  readonly room: RoomPart = this;
  readonly channel: string;
  readonly audience: Subscribers;
  readonly rate: number;
  readonly shape: string;
  /** Told of ticks as they are reached, and of none where a keyframe was. */
  readonly reached = new Listeners<Reached>();
  readonly #at: RoomAt;
  readonly #deps: RoomPlaceDeps;
  readonly #watch: ReignWatch;
  readonly #repair: Repair;
  readonly #requests: Requests;
  readonly #players: Players;
  readonly #stage: Stage;
  readonly #summons: Summons;
  readonly #onError: (error: unknown) => void;
  #match: RoomAt["match"];
  /** Who waits for something to be known of the room. */
  readonly #forKnowledge: Waiting;
  /** The reign of an owner on this node, which tells what it does without the broker. */
  #near: string | undefined;
  /** Why the room has ended for good, if it has. */
  #ended: string | undefined;
  #hasLastTick = false;
  #isTurnDue = false;
  #isClosed = false;

  constructor(at: RoomAt, deps: RoomPlaceDeps) {
    const { broker, clock, random } = deps;
    const { channel, ch, def } = at;
    const { rate, input: schema } = def.shape;
    const onError = (error: unknown): void => deps.onError(error, channel);
    const name = random.id();
    const soon = (): void => this.#soon();
    this.channel = channel;
    this.rate = rate;
    this.shape = shapeName(def.shape);
    this.#at = at;
    this.#match = at.match;
    this.#forKnowledge = new Waiting(clock);
    this.#deps = deps;
    this.#onError = onError;
    this.#watch = new ReignWatch({ broker, channel, onError }, this);
    this.#repair = new Repair({ clock, name, soon });
    this.#requests = new Requests({ clock, name, soon });
    const rules = { schema, rate };
    this.#players = new Players({ clock, host: this, requests: this.#requests, rules, soon, onError });
    const watch = viewMarks(deps, channel, () => this.#watch.newest);
    this.#stage = new Stage({ ch, def, edgeOf: (seat) => this.#players.get(seat)?.edge, onError, watch });
    this.#summons = new Summons({
      clock,
      patience: patienceOf(rate),
      isNeeded: () => this.#ended === undefined && this.#players.size + this.#requests.size > 0,
      summon: () => this.#summon(),
    });
    this.audience = this.#stage.screens;
  }

  /** How many play here. */
  get players(): number {
    return this.#players.size;
  }

  /** How many look on here without a seat. */
  get spectators(): number {
    return this.#stage.screens.spectators;
  }

  get beginning(): Cursor | undefined {
    const reign = this.#watch.newest;
    return reign && { epoch: reign.name, offset: 0 };
  }

  /** Finds out who owns the room, if anybody does; the channel must be followed already. Rejects with the broker's error. */
  async open(): Promise<void> {
    await this.#watch.look();
  }

  /** Whoever was shown a reign that is not known here is not shown an earlier one: rejects where the log cannot be read. */
  async start({ cursor }: SubscribeOptions): Promise<Start> {
    const from = parseCursor(cursor ?? "");
    if (from === undefined) return AT_BEGINNING;
    await this.#watch.know(from.epoch);
    return { cursor: from };
  }

  /** Somebody looks on who does not want to hear of the end. */
  add(subscriber: Subscriber): void {
    this.#stage.screens.add(new Screen(subscriber, { cursor: subscriber.cursor }));
  }

  lookOn(subscriber: Subscriber, { view = {}, onClosed }: LookingOn): void {
    if (this.#ended !== undefined) onClosed(this.#ended);
    else this.#stage.screens.add(new Screen(subscriber, { ...view, onClosed }));
  }

  mustBeOpen(): void {
    if (this.#ended !== undefined) throw closedError(this.#ended);
  }

  seatOf(owner: SeatOwner): string {
    return seatIdOf(this.channel, owner);
  }

  async join(joining: Joining): Promise<Player> {
    const travelling = await travellingOf(joining, this.#at.def.shape.join, this.#onError);
    this.mustBeOpen();
    if (this.#watch.newest === undefined) {
      await joining.mayMake?.();
      this.mustBeOpen();
      this.#match = joining.match ?? this.#match;
    }
    const joined = this.#players.join(travelling);
    const reign = this.#watch.newest;
    if (reign === undefined || reign.released) this.#summons.summon();
    this.#summons.watch();
    return joined;
  }

  begin(player: Player, subscriber: Subscriber, { cursor, budget }: PlayerView): void {
    if (player.hasEnded) return;
    player.screen = new Screen(subscriber, { seat: player.seat, cursor, budget });
    this.#stage.screens.add(player.screen);
  }

  /** Hot path: once an input. */
  input(player: Player, n: number, value: unknown, seen: number | undefined): InputOutcome {
    return this.#players.input(player, n, value, seen);
  }

  async inputOf(seat: string, n: number, value: unknown, seen: number | undefined): Promise<InputOutcome> {
    if (!this.#stage.isKnown) await this.#forKnowledge.wait();
    if (!this.#stage.isKnown) return new TidemarkError("unavailable", "the room is not known here yet");
    const isTaken = this.#stage.seats.has(seat) || this.#players.get(seat) !== undefined;
    if (!isTaken) return new TidemarkError("forbidden", "you have no seat in this room");
    return this.#players.inputOf(seat, { n, value, seen }, this.#stage.showing?.tick ?? 0);
  }

  async leave(player: Player): Promise<void> {
    this.ended(player);
    if (await this.#players.leave(player)) return;
    throw new TidemarkError("unavailable", "the room did not answer in time; the seat is kept for a while");
  }

  disconnect(player: Player): void {
    this.ended(player);
    this.#players.disconnect(player);
  }

  ended({ screen }: Player): void {
    if (screen !== undefined) this.#stage.screens.delete(screen.subscriber);
  }

  onEntries(): void {}

  onChanges(hint: ChangesHint): void {
    this.#watch.onChanges(hint);
  }

  /** Hot path: once a tick. What is broken is lost, and nobody else's. */
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

  /** Something has come for this room, from another node or from this one. */
  onItem(item: LetterItem, from: string): void {
    switch (item.is) {
      case "answer":
        if (item.code === "room_moved") this.#watch.lookAround();
        return this.#requests.answer(item);
      case "keyframe":
        return this.#onKeyframe(item);
      case "taken":
        return this.#players.taken(item.seat, item.client);
      case "moved": {
        const { newest } = this.#watch;
        if (from !== newest?.node || item.reign === newest.name) return;
        this.#watch.lookAround();
        if (item.reign === undefined) this.#summons.summon();
        return;
      }
      // What is left is for those who own rooms.
      default:
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
    this.#forKnowledge.tell();
    this.#deps.onClose?.();
  }

  onReign(found: FoundReign, hasLost: boolean): void {
    this.#stage.renew(found, hasLost);
    this.#repair.want(false);
    if (found.released) return;
    this.#summons.heard();
    this.#requests.again();
    this.#players.onReign();
    this.#repair.want(true);
  }

  onEpoch(): void {
    this.#players.onEpoch();
  }

  onClosed(reason: string | undefined): void {
    const isNews = reason !== undefined && this.#ended === undefined;
    this.#ended = reason;
    if (!isNews) return;
    this.#players.refuse("room_closed", { reason });
    this.#deps.clock.setTimeout(() => this.#endPlayers(), LAST_TICK_MS);
  }

  onSignal(signal: RoomSignal): void {
    this.#summons.heard();
    this.#players.heard();
    if (signal.is === "alive") this.#stage.alive(signal.tick);
    else this.#reach(this.#stage.take(signal));
    this.#repair.want(this.#stage.hasHole);
    this.#soon();
  }

  #onKeyframe(keyframe: Keyframe): void {
    const reached = this.#stage.takeKeyframe(keyframe);
    if (reached !== undefined) {
      this.#summons.heard();
      this.#players.onKeyframe(keyframe, new Set(keyframe.seats.map(({ id }) => id)));
      this.#reach(reached);
    }
    if (this.#stage.showing?.reign === keyframe.reign) this.#repair.want(this.#stage.hasHole);
    this.#soon();
  }

  #reach(reached: Reached): void {
    for (const message of reached) {
      this.#players.onTick(message);
      if (message.closed === undefined) continue;
      this.#hasLastTick = true;
      this.onClosed(message.closed);
    }
    this.reached.tell(reached);
  }

  #endPlayers(): void {
    if (this.#ended === undefined || this.#isClosed) return;
    this.#players.endAll("closed", this.#ended);
    this.#stage.screens.endAll(this.#ended);
  }

  async #summon(): Promise<void> {
    const sought = { channel: this.channel, match: this.#match, reign: this.#watch.newest };
    try {
      const isFound = await findOwner(this.#deps.rooms, sought, this.#players);
      if (this.#isClosed) return;
      if (isFound) this.#summons.heard();
      await this.#watch.look();
    } catch (error) {
      this.#onError(error);
    }
  }

  #soon(): void {
    if (this.#isTurnDue || this.#isClosed) return;
    this.#isTurnDue = true;
    this.#deps.collect(() => {
      this.#isTurnDue = false;
      if (this.#isClosed) return;
      this.#stage.flush();
      if (!this.#forKnowledge.isEmpty && this.#stage.isKnown) this.#forKnowledge.tell();
      if (this.#hasLastTick) this.#endPlayers();
      this.#hasLastTick = false;
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
