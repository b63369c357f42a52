import type { FindResult } from "../../protocol/index.js";
import type { ClientHost } from "../host.js";

/** What is looked for. */
export interface Finding {
  /** What one is matched by. */
  readonly match?: Readonly<Record<string, string | undefined>> | undefined;
  /** A room that nobody finds but by its code. */
  readonly private?: boolean | undefined;
  /** The private room with this code, in capital or small letters. */
  readonly code?: string | undefined;
  /** As one subscribes with. */
  readonly secret: string;
}

/**
 * Finds a room to play in, where a seat is kept for 10 seconds then. Asking again is safe, and is done where the connection is lost.
 *
 * Rejects with the server's code: `room_full`, `not_found`, `room_closed`, `room_moved`, `forbidden`, `limit_reached`, `rate_limited`,
 * `unavailable`; and as `ask` of the host.
 *
 * @param name what stands before the last part of the rooms' channels, such as `arena`
 */
export async function findRoom(
  host: Pick<ClientHost, "ask">,
  name: string,
  { match, private: isPrivate, code, secret }: Finding,
): Promise<FindResult> {
  const command = JSON.stringify({ find: name, match, private: isPrivate, code, secret });
  const found = (await host.ask(command.slice(1, -1), true)) as FindResult;
  return found;
}
