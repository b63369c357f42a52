/** Who wants to play, as the room's owner is told it. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { TidemarkError } from "../../../errors.js";
import type { Joining, PlayerEnd } from "../../../feed/room-part.js";
import type { OnError } from "../../../guard.js";
import { freezeJson, throughJson } from "../run/json-value.js";
import { checked } from "./checked.js";

export type { Joining, PlayerEnd };

/** The same as owners are told it: user and join are JSON values, frozen; and `onEnd` does not throw. */
export interface Travelling extends Joining {
  readonly had: boolean;
  readonly isPartial: boolean;
}

/** @throws {TidemarkError} as a rejection: `invalid`, `too_large`, and why it may not. What the schema throws is thrown */
export async function travellingOf(
  { seat, client, user, join, had = false, isPartial = false, mayJoin, onEnd }: Joining,
  schema: StandardSchemaV1 | undefined,
  onError: OnError,
): Promise<Travelling> {
  const joined = await checked(schema, join);
  if (joined instanceof TidemarkError) throw joined;
  await mayJoin?.(joined.value);
  const tell: Joining["onEnd"] = (why, reason) => {
    try {
      onEnd(why, reason);
    } catch (error) {
      onError(error);
    }
  };
  const frozen = freezeJson(throughJson(user))?.value;
  return { seat, client, user: frozen, join: joined.value, had, isPartial, onEnd: tell };
}
