/** Methods that clients call: a request and its answer, beside the channels. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { MethodTypes } from "../../protocol/index.js";

/** Who calls a method. */
export interface MethodContext<User> {
  readonly user: User;
  /** The id of the connection that calls. */
  readonly client: string;
}

/** What {@link method} takes. */
export interface MethodOptions<User, Schema extends StandardSchemaV1, Output, Answer = Output> {
  /** What callers send: any Standard Schema. Without one `run` gets whatever they sent, as `unknown`. */
  readonly input?: Schema;
  /** What the answer looks like: any Standard Schema, and what it makes of the answer is sent. One that does not fit is `internal`. */
  readonly output?: StandardSchemaV1<Output, Answer>;
  /** The answer must be a JSON value; `undefined` becomes null. Throw a `TidemarkError` to say why there is none. */
  readonly run: (
    input: StandardSchemaV1.InferOutput<Schema>,
    context: MethodContext<User>,
  ) => Output | Promise<Output>;
}

/** A method as `.methods({ … })` takes it. Its types are the method's; its insides are the server's. */
export interface Method<User, Types extends MethodTypes> {
  readonly def: MethodDef;
  readonly "~types"?: (user: User) => Types;
}

/** A method as the server works with it. */
export interface MethodDef {
  readonly input: StandardSchemaV1 | undefined;
  readonly output?: StandardSchemaV1 | undefined;
  readonly run: (input: unknown, context: MethodContext<unknown>) => unknown;
}

/**
 * A method that clients call with `rt.call(name, data)`. Calls run side by side, and no client repeats one by itself.
 *
 * @example sum: method({ input: z.array(z.number()), run: (numbers) => numbers.reduce((a, b) => a + b, 0) })
 */
export function method<
  User,
  Output,
  Schema extends StandardSchemaV1 = StandardSchemaV1<unknown, unknown>,
  Answer = Output,
>(
  options: MethodOptions<User, Schema, Output, Answer>,
): Method<User, { input: StandardSchemaV1.InferInput<Schema>; output: Answer }> {
  // The types that are let go here come back as the method's own: the schema is what `run` is given through.
  return { def: { input: options.input, output: options.output, run: options.run as MethodDef["run"] } };
}
