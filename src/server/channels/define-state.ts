/** What an application says of a state channel: `state({ … })`. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { slotsChannel, type Channel, type SlotsChannelOptions } from "./define.js";

type AnySchema = StandardSchemaV1<unknown, unknown>;
type Input<S extends StandardSchemaV1> = StandardSchemaV1.InferInput<S>;
type Output<S extends StandardSchemaV1> = StandardSchemaV1.InferOutput<S>;

export interface StateOptions<User, Params, Schema extends StandardSchemaV1> extends SlotsChannelOptions<
  User,
  Params
> {
  readonly value?: Schema;
}

/** A channel of keys. */
export function state<User, Params, Schema extends StandardSchemaV1 = AnySchema>(
  options: StateOptions<User, Params, Schema> = {},
): Channel<User, Params, { kind: "state"; input: Input<Schema>; output: Output<Schema> }> {
  return { kind: "state", def: { ...slotsChannel(options), schema: options.value } };
}
