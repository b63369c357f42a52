/** Who wants to play, and how that ends. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { TidemarkError } from "../../../errors.js";
import type { OnError } from "../../../guard.js";
import { freezeJson, throughJson } from "../run/json-value.js";
import { checked } from "./checked.js";

/**
 * Why a player has no part in the room any more.
 *
 * - `taken`: another connection of the same player has the seat now
 * - `left`: it has left, on this connection or another one
 * - `away`: it was taken to have no connection for longer than `grace`
 * - `kicked`: the application has sent it away
 * - `lost`: the store has lost data, and its seat could not be had again
 * - `closed`: the room has ended
 */
export type PlayerEnd = "taken" | "left" | "away" | "kicked" | "lost" | "closed";

/** Who wants to play. */
export interface Joining {
  /** See `seatIdOf`. */
  readonly seat: string;
  /** The connection, by a name that no other one of any node has. */
  readonly client: string;
  /** What `authenticate` returned. */
  readonly user: unknown;
  /** What it joins with; not looked at yet. */
  readonly join: unknown;
  /** Whether it says that it had this seat already. */
  readonly had?: boolean;
  /** Called once, unless it leaves or is disconnected first. `reason`: why a room has ended, or the application sent the player away. */
  readonly onEnd: (why: PlayerEnd, reason: string | undefined) => void;
}

/** The same as owners are told it: user and join are JSON values, frozen; and `onEnd` does not throw. */
export interface Travelling extends Joining {
  readonly had: boolean;
}

/** @throws {TidemarkError} as a rejection: `invalid`, `too_large`. What the schema throws is thrown */
export async function travellingOf(
  { seat, client, user, join, had = false, onEnd }: Joining,
  schema: StandardSchemaV1 | undefined,
  onError: OnError,
): Promise<Travelling> {
  const joined = await checked(schema, join);
  if (joined instanceof TidemarkError) throw joined;
  const tell: Joining["onEnd"] = (why, reason) => {
    try {
      onEnd(why, reason);
    } catch (error) {
      onError(error);
    }
  };
  return { seat, client, user: freezeJson(throughJson(user))?.value, join: joined.value, had, onEnd: tell };
}
