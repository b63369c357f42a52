/** The truth about all rooms, as the store and those who own them show it. */
import type { Changed, ChangesDraft } from "../../../broker/index.js";
import type { ReignAnswer, ReignStep } from "../../../broker/log/reign.js";
import type { StoreSnapshot } from "../../../broker/memory/store.js";
import type { SlotsWitness } from "../store.js";
import type { LogMark } from "./log-truth.js";
import { RoomTruth, type RoomTruthDeps } from "./room-truth.js";

export interface TruthsDeps extends Omit<RoomTruthDeps, "channel" | "held" | "onLost"> {
  readonly held: (channel: string) => Iterable<string>;
  readonly onLost: (channel: string) => void;
}

export class Truths implements SlotsWitness {
  readonly #deps: TruthsDeps;
  readonly #rooms = new Map<string, RoomTruth>();
  readonly #marks = new WeakMap<StoreSnapshot["slots"], ReadonlyMap<string, LogMark>>();

  constructor(deps: TruthsDeps) {
    this.#deps = deps;
  }

  of(channel: string): RoomTruth {
    let room = this.#rooms.get(channel);
    if (room === undefined) {
      const { held, onLost } = this.#deps;
      room = new RoomTruth({
        ...this.#deps,
        channel,
        held: () => held(channel),
        onLost: () => onLost(channel),
      });
      this.#rooms.set(channel, room);
    }
    return room;
  }

  saved(logs: StoreSnapshot["slots"]): void {
    this.#marks.set(logs, new Map([...this.#rooms].map(([channel, { log }]) => [channel, log.mark()])));
  }

  restored(logs: StoreSnapshot["slots"]): void {
    const marks = this.#marks.get(logs);
    for (const [channel, room] of this.#rooms) room.restore(marks?.get(channel));
  }

  read(): void {}

  changed(channel: string, drafts: readonly ChangesDraft[], outcomes: readonly Changed[]): void {
    for (const [i, outcome] of outcomes.entries()) {
      const draft = drafts[i];
      if (draft === undefined || !("offset" in outcome) || outcome.duplicate || "same" in outcome) continue;
      this.of(channel).written(draft, outcome.offset);
    }
  }

  reigned(channel: string, step: ReignStep, answer: ReignAnswer): void {
    this.of(channel).log.reigned(step, answer);
  }
}
