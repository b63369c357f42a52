/** What a server's type tells its clients. Types only: nothing of a server is in a client's bundle. */
import type { Kind } from "./frames.js";

/** One channel pattern, as types. */
export interface ChannelTypes {
  readonly kind: Kind;
  /** What `publish` takes. */
  readonly input: unknown;
  /** What subscribers get. */
  readonly output: unknown;
}

/** One method, as types. */
export interface MethodTypes {
  readonly input: unknown;
  readonly output: unknown;
}

/** All of an app, as types: channel patterns and methods by name. */
export interface AppTypes {
  readonly channels: { readonly [pattern: string]: ChannelTypes };
  readonly methods: { readonly [name: string]: MethodTypes };
}

/** Something that carries {@link AppTypes} in its type: `typeof app`. The property is never there at run time. */
export interface TypedApp<Types extends AppTypes = AppTypes> {
  readonly "~types"?: Types;
}
