/** `tidemark rooms`: which rooms servers run, who is in them, and what they cost. */
import { parseArgs } from "node:util";
import { TidemarkError } from "../client/index.node.js";
import type { OwnedRooms, RoomCount } from "../server/index.js";
import { API_OPTIONS, apiOf, askApi, type Api } from "./api.js";
import { understood } from "./connection.js";
import { endWithReader, paintFor, print, printable, type Paint } from "./output.js";
import { UsageError } from "./usage.js";

/** As many as the server gives at a time. */
const PAGE = 1000;

/**
 * Prints all pages as they come.
 *
 * @throws {UsageError} when the arguments make no sense
 * @throws {TidemarkError} when the server cannot be reached, or does not take the key
 */
export async function rooms(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const { values, positionals } = understood(() =>
    parseArgs({ args: [...args], options: API_OPTIONS, allowPositionals: true }),
  );
  const [prefix = "", ...rest] = positionals;
  if (rest.length > 0)
    throw new UsageError("rooms takes one beginning of names, such as arena/; try tidemark help");
  const api = apiOf(values, env);

  endWithReader();
  const show = values.json === true ? showJson : table(paintFor(process.stdout, env));
  let count = 0;
  let players = 0;
  let answered = 0;
  let missing = 0;
  for await (const page of pages(api, prefix)) {
    await show(page.rooms);
    count += page.rooms.length;
    for (const room of page.rooms) players += room.players;
    answered = Math.max(answered, page.nodes.answered);
    missing = Math.max(missing, page.nodes.asked - page.nodes.answered);
  }
  if (values.json !== true)
    await print(
      `${counted(count, "room")}, ${counted(players, "player")}, on ${counted(answered, "server")}`,
    );
  if (missing === 0) return;
  const text = `${missing} of ${answered + missing} servers did not answer: their rooms are not listed`;
  await print(paintFor(process.stderr, env)("dim", text), process.stderr);
}

async function* pages(api: Api, prefix: string): AsyncGenerator<OwnedRooms> {
  let after: string | undefined = "";
  do {
    const query = Object.entries({ prefix, after, limit: String(PAGE) });
    const page: OwnedRooms = asPage(await askApi(api, "rooms", query));
    yield page;
    after = page.next;
  } while (after !== undefined);
}

function asPage(body: object): OwnedRooms {
  if ("rooms" in body && "nodes" in body) return body as OwnedRooms;
  throw new TidemarkError("not_found", "what is there is no API of this kind");
}

async function showJson(page: readonly RoomCount[]): Promise<void> {
  for (const one of page) await print(JSON.stringify(one));
}

/** What the columns are called; the first two are as wide as the first page needs. */
const NAMES = ["ROOM", "SERVER", "PLAYERS", "HERE", "WATCHING", "TICK", "RATE", "MS/TICK", "LATE"] as const;

function table(paint: Paint): (page: readonly RoomCount[]) => Promise<void> {
  let widths: readonly number[] | undefined;
  return async (page) => {
    if (page.length === 0) return;
    const rows = page.map(cellsOf);
    if (widths === undefined) {
      widths = NAMES.map((name, at) => Math.max(name.length, ...rows.map((cells) => cells[at]?.length ?? 0)));
      await print(paint("dim", line(NAMES, widths)));
    }
    for (const cells of rows) await print(line(cells, widths));
  };
}

function cellsOf(room: RoomCount): string[] {
  const { channel, node, players, here, spectators, tick, rate, tickTime, ticksLate } = room;
  return [
    printable(channel),
    printable(node),
    ...[players, here, spectators, tick, rate].map(String),
    tickTime.toFixed(2),
    String(ticksLate),
  ];
}

/** Texts to the left, numbers to the right. */
function line(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, at) => (at < 2 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
    .join("  ");
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
