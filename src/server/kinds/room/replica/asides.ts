/**
 * Inputs of players who show with each request who they are, on whichever node that comes to: over HTTP. The seat's connection, over which
 * its player is shown the room, may be on another node, which acknowledges them there.
 */
import type { InputOutcome } from "../../../feed/room-part.js";
import type { InputItem } from "../messages.js";
import type { Ack } from "../tick-message.js";
import { InputEdge, type InputRules } from "./input-edge.js";

export class Asides {
  readonly #rules: InputRules;
  /** By the seat. There are no more than seats that are taken, as far as is known here. */
  readonly #edges = new Map<string, InputEdge>();

  constructor(rules: InputRules) {
    this.#rules = rules;
  }

  /** Whether something is kept that is not acknowledged. */
  get isWaiting(): boolean {
    for (const { size } of this.#edges.values()) if (size > 0) return true;
    return false;
  }

  /** @param now milliseconds that never step back @returns as `InputEdge.take`; what the schema throws is thrown */
  take(
    seat: string,
    input: { readonly n: number; readonly value: unknown; readonly seen: number | undefined },
    shown: number,
    now: number,
  ): InputOutcome {
    let edge = this.#edges.get(seat);
    if (edge === undefined) this.#edges.set(seat, (edge = new InputEdge(this.#rules, now)));
    return edge.take(input.n, input.value, input.seen, shown, now);
  }

  /** Hot: once a tick. Nearly always there are none. */
  acknowledge(acks: readonly Ack[], heard: number): void {
    if (this.#edges.size === 0) return;
    for (const { seat, last, depth } of acks) this.#edges.get(seat)?.acknowledge(last, depth, heard);
  }

  /** What is to be sent now. */
  collect(heard: number, to: InputItem[]): void {
    for (const [seat, edge] of this.#edges)
      for (const { n, input, seen } of edge.due(heard)) to.push([seat, n, input, seen]);
  }

  /** Another owner reigns. */
  again(): void {
    for (const edge of this.#edges.values()) edge.again();
  }

  /** Only these have a seat. */
  keep(seats: { has(seat: string): boolean }): void {
    for (const seat of this.#edges.keys()) if (!seats.has(seat)) this.#edges.delete(seat);
  }

  delete(seat: string): void {
    this.#edges.delete(seat);
  }
}
