/** Methods that clients call: a request and its answer, beside the channels. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { MethodTypes } from "../../protocol/index.js";

export interface MethodContext<User> {
  readonly user: User;
  /** The id of the connection that calls. */
  readonly client: string;
}

/**
 * A method as `.methods({ … })` takes it: with a schema for what callers send, or a plain function, which gets
 * whatever they sent as `unknown`.
 */
export type MethodDefinition<User, Types extends MethodTypes> =
  | ((input: unknown, context: MethodContext<User>) => Types["output"] | Promise<Types["output"]>)
  | {
      /** Any Standard Schema. */
      readonly input: StandardSchemaV1<Types["input"], unknown>;
      readonly run: (input: Types["input"], context: MethodContext<User>) => Types["output"] | Promise<Types["output"]>;
    };

/** A method as the server works with it. */
export interface Method {
  readonly input: StandardSchemaV1 | undefined;
  readonly run: (input: unknown, context: MethodContext<unknown>) => unknown;
}
