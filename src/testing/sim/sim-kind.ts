/** What a simulation of one kind of channels is made of. */
import type { Random } from "../../protocol/index.js";
import type { ChannelRegistry } from "../../server/channels/registry.js";
import type { WalkPage } from "../../server/feed/slots/slots-log.js";
import type { Line } from "./line.js";
import type { Network } from "./network.js";
import type { SimNode } from "./node.js";
import type { SimProcess } from "./process.js";
import type { Recorder } from "./recorder.js";
import type { Step } from "./step.js";

/** A client, as the world and what goes wrong in it know it. */
export interface WorldClient {
  readonly name: string;
  readonly process: SimProcess;
  readonly line: Line;
  /** Says something on every channel. */
  speak(): void;
  /** Goes for good. */
  leave(): void;
  /** Whether it lost its connection, or has another one, since `ms` milliseconds ago. */
  movedWithin(ms: number): boolean;
}

/** A world, as what happens in it knows it. */
export interface WorldView<C extends WorldClient = WorldClient> {
  readonly clients: readonly C[];
  client(step: Pick<Step, "who">): C;
  node(step: Pick<Step, "who">): SimNode;
  /** Runs `run` in `ms` milliseconds. */
  later(ms: number, run: () => void): void;
  /** Ends something in `ms` milliseconds, or earlier when the faults are over. */
  until(ms: number, end: () => void): void;
  /** Another client takes the place of one that goes. */
  replace(who: number): void;
}

/** What a client is made of. */
export interface ClientParts {
  readonly name: string;
  readonly process: SimProcess;
  readonly network: Network;
  readonly recorder: Recorder;
  /** The randomness of one part of it. */
  readonly fork: (part: string) => Random;
}

/** Something that clients do. */
export interface Action<C extends WorldClient = WorldClient> {
  /** How often it is drawn, among the others. */
  readonly weight: number;
  run(world: WorldView<C>, step: Step): void;
}

export interface SimKind<C extends WorldClient = WorldClient> {
  /** What clients do, by name. */
  readonly actions: Readonly<Record<string, Action<C>>>;
  /** Those of them after which a gap may come although nothing went wrong. */
  readonly notCalm: readonly string[];
  /** How much of a log by slots nodes read at once. */
  readonly walkPage?: WalkPage;
  registry(): ChannelRegistry;
  /** A client that has begun. */
  newClient(parts: ClientParts): C;
  /** Writes down what must be so now that it is quiet. */
  noteQuiet?(world: WorldView<C>): void;
  /** Somebody speaks to everybody, for the last time. */
  speakLast(world: WorldView<C>): void;
}
