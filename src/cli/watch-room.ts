/** `tidemark watch` of a room: prints what is in it, and what changes, tick by tick. */
import type { RoomNews } from "../server/index.js";
import { followRoom, type FollowedRoom } from "./follow-room.js";
import { print, printable, type Paint } from "./output.js";

export interface WatchedRoom extends FollowedRoom {
  /** Only rows of this table; undefined: of all of them. */
  readonly table: string | undefined;
  /** Only these rows; none: all of them. */
  readonly keys: readonly string[];
  /** Only rows whose key begins so. */
  readonly prefix: string | undefined;
  /** Ends after so many lines. */
  readonly count: number;
  readonly json: boolean;
  readonly paint: Paint;
}

/** Something of a room that is printed as a line. */
type Told =
  | { readonly tick: number; readonly table: string; readonly key: string; readonly text: string | undefined }
  | { readonly tick: number; readonly event: string; readonly data: unknown };

/** Follows until the signal, or the count. @throws {TidemarkError} as {@link followRoom} */
export async function watchRoom(watched: WatchedRoom): Promise<void> {
  const { channel, count, json, paint } = watched;
  const show = json ? jsonLine(channel) : readableLine(paint);
  const held = new Map<string, Map<string, string>>();
  let printed = 0;
  if (count === 0) return;
  for await (const news of followRoom(watched)) {
    for (const told of toldOf(held, news, watched)) {
      await print(show(told));
      if (++printed === count) return;
    }
  }
}

/** What of it is new to who has been told the rest; keeps `held`, texts by table and key, as it is then. */
function* toldOf(
  held: Map<string, Map<string, string>>,
  { tick, full, rows, events }: RoomNews,
  { table: only, keys, prefix = "" }: WatchedRoom,
): Generator<Told> {
  const isWanted = (key: string): boolean =>
    key.startsWith(prefix) && (keys.length === 0 || keys.includes(key));
  if (full)
    for (const [table, of] of held)
      for (const key of of.keys()) {
        if (rows[table] !== undefined && Object.hasOwn(rows[table], key)) continue;
        of.delete(key);
        yield { tick, table, key, text: undefined };
      }
  for (const [table, of] of Object.entries(rows)) {
    if (only !== undefined && table !== only) continue;
    let texts = held.get(table);
    if (texts === undefined) held.set(table, (texts = new Map()));
    for (const [key, row] of Object.entries(of)) {
      if (!isWanted(key)) continue;
      const text = row === null ? undefined : JSON.stringify(row);
      if (texts.get(key) === text) continue;
      if (text === undefined) texts.delete(key);
      else texts.set(key, text);
      yield { tick, table, key, text };
    }
  }
  if (only === undefined && keys.length === 0)
    for (const { event, data } of events) yield { tick, event, data };
}

function jsonLine(channel: string): (told: Told) => string {
  return (told) => {
    if ("event" in told) return JSON.stringify({ channel, ...told });
    const { tick, table, key, text } = told;
    const what = text === undefined ? { gone: true } : { row: JSON.parse(text) as unknown };
    return JSON.stringify({ channel, tick, table, key, ...what });
  };
}

function readableLine(paint: Paint): (told: Told) => string {
  return (told) => {
    const tick = paint("dim", String(told.tick));
    if ("event" in told)
      return `${tick}  ${paint("bold", printable(told.event))}!  ${printable(JSON.stringify(told.data))}`;
    const { table, key, text } = told;
    const name = paint("bold", `${printable(table)}/${printable(key)}`);
    return `${tick}  ${name}  ${text === undefined ? paint("dim", "gone") : printable(text)}`;
  };
}
