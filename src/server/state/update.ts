/** A key that is set to what a function makes of what it holds. */
import { formatCursor, parseCursor, type Cursor } from "../../protocol/index.js";
import type { ResolvedChannel } from "../channels/registry.js";
import { isPromise } from "../channels/validate.js";
import type { ServerNode } from "../connection/node.js";
import { changeAsServer } from "../connection/publish/change-as-server.js";
import { TidemarkError } from "../errors.js";
import type { StateChanged } from "./changing.js";
import type { KeyTurns } from "./key-turns.js";
import { readKeys } from "./reading.js";

/** How often a function is asked, unless it is said. */
export const DEFAULT_TRIES = 10;

export interface UpdateDeps {
  readonly node: ServerNode;
  readonly turns: KeyTurns;
  readonly resolved: ResolvedChannel;
}

export interface UpdateOptions {
  readonly tries: number;
  readonly ttl?: number;
}

/** What a key held, and where that was so. */
interface Seen {
  readonly value: unknown;
  readonly at: Cursor;
}

/**
 * Those whose function is synchronous take turns at their key, so that they do not have each other asked again. Where it is not, the
 * turn ends before it is waited for: it may take long, or wait for another one.
 *
 * @throws {TidemarkError} `unavailable` where somebody else was first in all tries; whatever `next` throws
 */
export async function updateKey(
  { node, turns, resolved }: UpdateDeps,
  key: string,
  next: (previous: unknown) => unknown,
  { tries, ttl }: UpdateOptions,
): Promise<StateChanged> {
  const endTurn = await turns.take(`${resolved.name}\n${key}`);
  try {
    let seen = await read(node, resolved, key);
    for (let tried = 1; ; tried++) {
      const made = next(seen.value);
      if (isPromise(made)) endTurn();
      const value = isPromise(made) ? await made : made;
      if (value === undefined) return { cursor: formatCursor(seen.at), same: true };
      try {
        const { cursor, same } = await changeAsServer(node, resolved, {
          set: new Map([[key, value]]),
          merge: new Map(),
          delete: [],
          if: [{ slot: key, unchangedSince: seen.at }],
          ...(ttl !== undefined && { ttl }),
        });
        return { cursor: formatCursor(cursor), same };
      } catch (error) {
        if (!(error instanceof TidemarkError && error.code === "conflict")) throw error;
        if (tried >= tries)
          throw new TidemarkError(
            "unavailable",
            `${JSON.stringify(key)} was changed by others in each of ${tries} tries; try again later`,
            { cause: error },
          );
        seen = seenIn(error, key) ?? (await read(node, resolved, key));
      }
    }
  } finally {
    endTurn();
  }
}

async function read(node: ServerNode, resolved: ResolvedChannel, key: string): Promise<Seen> {
  const { cursor, texts } = await readKeys(node, resolved, [key]);
  const text = texts.get(key);
  return { value: text === undefined ? undefined : JSON.parse(text), at: cursor };
}

/** What a conflict says of the key; `undefined` where it does not: it had no room, or null, which is nothing and a value. */
function seenIn({ details }: TidemarkError, key: string): Seen | undefined {
  const at = parseCursor(details?.cursor ?? "");
  const now = details?.now;
  const value = now !== undefined && Object.hasOwn(now, key) ? now[key] : null;
  return at === undefined || value === null ? undefined : { value, at };
}
