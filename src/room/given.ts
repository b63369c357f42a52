/** The types of what players give and are told, where hooks have the other side of the same schemas. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Parts } from "./hooks.js";

/** What a player sends as an input, before its schema has been applied. */
export type InputFor<P extends Parts> = StandardSchemaV1.InferInput<P["input"]>;

/** What a player joins with, before its schema has been applied. */
export type JoinFor<P extends Parts> = StandardSchemaV1.InferInput<P["join"]>;

/** What players are told of an event, after its schema has been applied. */
export type Told<P extends Parts, Event extends keyof P["events"]> = StandardSchemaV1.InferOutput<
  P["events"][Event]
>;
