/** The players of one room that are connected to this node. */
import type { Clock } from "../../../../protocol/index.js";
import { TidemarkError } from "../../../errors.js";
import type { InputOutcome } from "../../../feed/room-part.js";
import type { OnError } from "../../../guard.js";
import type { Answer, InputItem, Keyframe } from "../messages.js";
import type { TickMessage } from "../tick-message.js";
import { Asides } from "./asides.js";
import { InputEdge, type InputRules } from "./input-edge.js";
import { joinError } from "./join-error.js";
import type { PlayerEnd, Travelling } from "./joining.js";
import { Player, type PlayerHost } from "./player.js";
import type { Requests } from "./requests.js";

/** How often what a room without ticks has not acknowledged is looked at, in milliseconds. */
const PASS_MS = 250;
/** So long after somebody was given a seat it is asked whether it has it, in milliseconds. */
const SURE_MS = 1000;
/** After so many ticks in which nothing that a player sent was acknowledged its node may be asking the wrong owner. */
const LOST_AFTER = 10;

export interface PlayersDeps {
  readonly clock: Clock;
  readonly host: PlayerHost;
  readonly requests: Requests;
  readonly rules: InputRules;
  /** There is something to send. */
  readonly soon: () => void;
  readonly onError: OnError;
}

/** What goes into a batch. */
export interface Collected {
  readonly inputs: readonly InputItem[];
  readonly seen: readonly (readonly [seat: string, tick: number])[];
  /** Whether it may be that somebody else owns the room. */
  readonly isLost: boolean;
}

export class Players {
  readonly #deps: PlayersDeps;
  /** Those who have their seat, by it: one connection of each. */
  readonly #seated = new Map<string, Player>();
  /** Connections that have asked for a seat and not heard; and those of them that have lost it to another one meanwhile. */
  readonly #asking = new Set<string>();
  readonly #overtaken = new Set<string>();
  readonly #asides: Asides;
  /** Counts what was heard of the room: by that it is judged how old something is. */
  #heard = 0;
  /** When those who are refused for want of room may come again. */
  #after: number | undefined;
  #isPassing = false;
  #isClosed = false;

  constructor(deps: PlayersDeps) {
    this.#deps = deps;
    this.#asides = new Asides(deps.rules);
  }

  get size(): number {
    return this.#seated.size;
  }

  get(seat: string): Player | undefined {
    return this.#seated.get(seat);
  }

  /** Asks for a seat. Rejects with why there is none. The one that had it here is told. */
  async join(joining: Travelling): Promise<Player> {
    const { clock, host, requests, rules } = this.#deps;
    const player = new Player(host, joining, new InputEdge(rules, clock.monotonic()));
    const { seat, client, user, join, had } = joining;
    this.#asking.add(client);
    const answer = await requests.ask({ is: "join", seat, client, user, join, had, from: undefined });
    this.#asking.delete(client);
    if (this.#overtaken.delete(client) && answer?.code === "ok")
      throw new TidemarkError("seat_taken", "another connection of this player has the seat now");
    if (answer?.code === "ok" && !this.#isClosed) {
      this.#seated.get(seat)?.end("taken");
      player.last = Math.max(answer.newest ?? 0, answer.last ?? 0);
      this.#seated.set(seat, player);
      player.edge.acknowledge(answer.last ?? 0, 0, this.#heard);
      // The seat may be free again by now, which was told when nobody here had it yet.
      clock.setTimeout(() => player.hasEnded || this.#isClosed || this.#sayHere(player), SURE_MS);
      return player;
    }
    // It may have been given all the same, and then nobody would say that it has no connection.
    if (answer === undefined || answer.code === "ok") this.#tellAway(player);
    throw joinError(answer, this.#after);
  }

  /** An input of a player. Hot: once an input. */
  input(player: Player, n: number, value: unknown, seen: number | undefined): InputOutcome {
    const { clock } = this.#deps;
    if (player.hasEnded) return new TidemarkError("forbidden", "this connection has no seat in the room");
    const shown = player.screen?.tick ?? 0;
    return this.#took(() => player.edge.take(n, value, seen, shown, clock.monotonic()));
  }

  /** An input for a seat whose connection is here, or elsewhere. @param shown the newest tick that anybody can have seen */
  inputOf(
    seat: string,
    input: { readonly n: number; readonly value: unknown; readonly seen: number | undefined },
    shown: number,
  ): InputOutcome {
    const now = this.#deps.clock.monotonic();
    const { n, value, seen } = input;
    const here = this.#seated.get(seat);
    return this.#took(() =>
      here === undefined
        ? this.#asides.take(seat, input, shown, now)
        : here.edge.take(n, value, seen, Math.max(shown, here.screen?.tick ?? 0), now),
    );
  }

  /** Nobody will answer those who wait to join. */
  refuse(
    code: Answer["code"],
    { reason, after }: { readonly reason?: string | undefined; readonly after?: number | undefined },
  ): void {
    this.#after = after;
    this.#deps.requests.refuseJoins(code, reason);
  }

  /** Gives a seat up. Whether the owner has said so. */
  async leave(player: Player): Promise<boolean> {
    if (!this.#drop(player)) return true;
    const { seat, client } = player;
    const answer = await this.#deps.requests.ask({ is: "leave", seat, why: "left", client });
    return answer !== undefined;
  }

  /** A connection has ended. */
  disconnect(player: Player): void {
    if (this.#drop(player)) this.#tellAway(player);
  }

  /** A seat has another connection, on some node. */
  taken(seat: string, client: string): void {
    const player = this.#seated.get(seat);
    if (player?.client === client) this.#end(player, "taken");
    // Letters pass each other: this one may come before the answer that says that it has it.
    else if (this.#asking.has(client)) this.#overtaken.add(client);
  }

  /** Something was heard of the room. */
  heard(): void {
    this.#heard++;
  }

  /** A tick was reached. Hot: once a tick. */
  onTick({ acks, went, came }: Pick<TickMessage, "acks" | "went" | "came">): void {
    for (const { seat, last, depth } of acks)
      this.#seated.get(seat)?.edge.acknowledge(last, depth, this.#heard);
    this.#asides.acknowledge(acks, this.#heard);
    for (const { seat, why, reason } of went) {
      this.#asides.delete(seat);
      const player = this.#seated.get(seat);
      if (player === undefined || came.some(({ id }) => id === seat)) continue;
      // It may be an earlier seat of the same player: what nodes send each other passes by what the owner tells all.
      player.went = { why, reason };
      this.#sayHere(player);
    }
  }

  /** The whole room has come. */
  onKeyframe({ acks }: Pick<Keyframe, "acks">, seats: ReadonlySet<string>): void {
    for (const { seat, last, depth } of acks)
      this.#seated.get(seat)?.edge.acknowledge(last, depth, this.#heard);
    this.#asides.acknowledge(acks, this.#heard);
    this.#asides.keep(seats);
    for (const player of this.#seated.values()) if (!seats.has(player.seat)) this.#sayHere(player);
  }

  /** Another owner reigns: it is told who is here, and all that is not acknowledged. */
  onReign(): void {
    this.#asides.again();
    for (const player of this.#seated.values()) {
      player.edge.again();
      this.#sayHere(player);
    }
  }

  /** Data may have been lost, and with it who has a seat: the nodes know. */
  onEpoch(): void {
    for (const player of this.#seated.values()) void this.#sayAgain(player);
  }

  /** What is to be sent now. Hot: once a tick. */
  collect(): Collected {
    const inputs: InputItem[] = [];
    const seen: [string, number][] = [];
    let isLost = false;
    for (const player of this.#seated.values()) {
      const { seat, edge, sawTick } = player;
      if (sawTick !== undefined) seen.push([seat, sawTick]);
      player.sawTick = undefined;
      // What was refused here, or left out by the player, is not waited for.
      if (edge.hasHole && !this.#isElsewhere(player)) this.#sayHere(player);
      const due = edge.due(this.#heard);
      if (due.length === 0) continue;
      for (const { n, input, seen: tick } of due) inputs.push([seat, n, input, tick]);
      const unanswered = edge.unanswered(this.#heard);
      if (unanswered > 0 && unanswered % LOST_AFTER === 0) isLost = true;
    }
    this.#asides.collect(this.#heard, inputs);
    return { inputs, seen, isLost };
  }

  /** The room has ended, for all of them. */
  endAll(why: PlayerEnd, reason: string | undefined): void {
    for (const player of this.#seated.values()) this.#end(player, why, reason);
  }

  close(): void {
    this.#isClosed = true;
    for (const player of this.#seated.values()) this.#tellAway(player);
    this.#seated.clear();
  }

  /** Carries out the taking of an input. */
  #took(take: () => InputOutcome): InputOutcome {
    let outcome: InputOutcome;
    try {
      outcome = take();
    } catch (error) {
      this.#deps.onError(error);
      return new TidemarkError("internal", "the schema of inputs failed");
    }
    if (outcome !== "taken") return outcome;
    if (this.#deps.rules.rate === 0) this.#passTime();
    this.#deps.soon();
    return outcome;
  }

  /** Whether what is missing of a player's inputs may have come to another node, and be on its way from there. */
  #isElsewhere({ isPartial, edge }: Player): boolean {
    return isPartial && edge.unanswered(this.#heard) < LOST_AFTER;
  }

  /** In a room without ticks it is time that says for how long something has not been acknowledged. */
  #passTime(): void {
    if (this.#isPassing) return;
    this.#isPassing = true;
    this.#deps.clock.setTimeout(() => {
      this.#isPassing = false;
      if (!this.#asides.isWaiting && ![...this.#seated.values()].some(({ edge }) => edge.size > 0)) return;
      this.#heard++;
      this.#passTime();
      this.#deps.soon();
    }, PASS_MS);
  }

  /** Tells the owner that the seat has this connection, which says whether there is such a seat. */
  #sayHere(player: Player): void {
    if (player.isSaying) return;
    player.isSaying = true;
    const { seat, client, edge } = player;
    const asking = this.#deps.requests.ask({ is: "here", seat, client, from: edge.from });
    void asking.then((answer) => {
      player.isSaying = false;
      if (player.hasEnded || answer === undefined) return;
      if (answer.code !== "refused") this.#answered(player, answer);
      // What was lost with the store may be had again.
      else if (!player.isReturning) this.#end(player, player.went?.why ?? "left", player.went?.reason);
    });
  }

  /** Asks for the seat that it had, until there is an answer. */
  async #sayAgain(player: Player): Promise<void> {
    if (player.isReturning) return;
    player.isReturning = true;
    const { seat, client, user, join, edge } = player;
    const ask = { is: "join", seat, client, user, join, had: true, from: edge.from } as const;
    const answer = await this.#deps.requests.ask(ask, Infinity);
    player.isReturning = false;
    if (player.hasEnded || answer === undefined) return;
    if (answer.code === "ok" || answer.code === "room_closed") this.#answered(player, answer);
    else this.#end(player, "lost");
  }

  #answered(player: Player, { code, last, reason }: Answer): void {
    if (code === "room_closed") return this.#end(player, "closed", reason);
    if (code === "ok" && last !== undefined) player.edge.acknowledge(last, player.edge.depth, this.#heard);
  }

  #tellAway({ seat, client }: Player): void {
    void this.#deps.requests.ask({ is: "away", seat, client });
  }

  #end(player: Player, why: PlayerEnd, reason?: string): void {
    if (this.#seated.get(player.seat) === player) this.#seated.delete(player.seat);
    player.end(why, reason);
  }

  /** Whether it had its seat until now. */
  #drop(player: Player): boolean {
    if (player.hasEnded) return false;
    player.hasEnded = true;
    if (this.#seated.get(player.seat) === player) this.#seated.delete(player.seat);
    return true;
  }
}
