/** `tidemark room`: how one room is, and what an operator does with it. */
import { parseArgs } from "node:util";
import { TidemarkError } from "../client/index.node.js";
import type { RoomInfo } from "../server/index.js";
import { API_OPTIONS, apiOf, askApi, type Api } from "./api.js";
import { understood } from "./connection.js";
import { endWithReader, paintFor, print, printable, type Paint } from "./output.js";
import { UsageError } from "./usage.js";

const OPTIONS = { ...API_OPTIONS, reason: { type: "string" }, to: { type: "string" } } as const;

interface Values {
  readonly reason?: string | undefined;
  readonly to?: string | undefined;
}

/** What can be done, with what stands behind the channel, and the options that it takes. */
const DEEDS = {
  kick: { words: ["SEAT"], options: ["reason"] },
  send: { words: ["EVENT", "[JSON]"], options: ["to"] },
  close: { words: [], options: ["reason"] },
  checkpoint: { words: [], options: [] },
  revive: { words: [], options: [] },
} as const satisfies Record<string, { words: readonly string[]; options: readonly (keyof Values)[] }>;

type Deed = keyof typeof DEEDS;

/** What it says when it is done. */
const DONE: { readonly [Name in Deed]: string } = {
  kick: "sent away from",
  send: "told in",
  close: "closed",
  checkpoint: "saved",
  revive: "revived",
};

/**
 * Prints how a room is, or does something with it.
 *
 * @throws {UsageError} when the arguments make no sense
 * @throws {TidemarkError} when the server cannot be reached, or says no
 */
export async function room(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const { values, positionals } = understood(() =>
    parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true }),
  );
  const [first, ...rest] = positionals;
  const deed = first !== undefined && isDeed(first) ? first : undefined;
  const usage =
    deed === undefined
      ? `tidemark room CHANNEL, or tidemark room ${Object.keys(DEEDS).join("|")} CHANNEL`
      : `tidemark room ${[deed, "CHANNEL", ...DEEDS[deed].words].join(" ")}`;
  const channel = deed === undefined ? first : rest[0];
  if (channel === undefined) throw new UsageError(`which room? ${usage}`);
  const wanted = deed === undefined ? undefined : deedOf(deed, rest.slice(1), values, usage);
  if (deed === undefined && rest.length > 0)
    throw new UsageError(`${printable(channel)} is no deed: ${usage}`);
  mustFit(deed, values);
  const api = apiOf(values, env);

  endWithReader();
  const path = `rooms/${encodeURIComponent(channel)}`;
  if (wanted === undefined) return showInfo(api, path, values.json === true, paintFor(process.stdout, env));
  await askApi(api, path, [], wanted);
  if (values.json === true) await print(JSON.stringify({ channel, ...wanted }));
  else await print(`${[...subjectOf(rest), DONE[wanted.do]].join(" ")} ${printable(channel)}`);

  function subjectOf([, what]: readonly string[]): string[] {
    return what === undefined ? [] : [printable(what)];
  }
}

interface Wanted {
  readonly do: Deed;
  readonly [field: string]: unknown;
}

/** What is sent. @throws {UsageError} for too few or too many words */
function deedOf(deed: Deed, words: readonly string[], { reason, to }: Values, usage: string): Wanted {
  const known: readonly string[] = DEEDS[deed].words;
  const least = known.filter((word) => !word.startsWith("[")).length;
  if (words.length < least || words.length > known.length) throw new UsageError(usage);
  const [word, json] = words;
  switch (deed) {
    case "kick":
      return { do: deed, seat: word, ...(reason !== undefined && { reason }) };
    case "send":
      return { do: deed, event: word, data: dataOf(json), ...(to !== undefined && { to }) };
    case "close":
      return { do: deed, ...(reason !== undefined && { reason }) };
    case "checkpoint":
    case "revive":
      return { do: deed };
  }
}

function dataOf(json: string | undefined): unknown {
  if (json === undefined) return null;
  try {
    return JSON.parse(json) as unknown;
  } catch {
    throw new UsageError(
      `what is sent is JSON, not ${printable(json)} (a text needs quotes of its own: '"hi"')`,
    );
  }
}

/** @throws {UsageError} for an option of something else */
function mustFit(deed: Deed | undefined, values: Values): void {
  const known: readonly string[] = deed === undefined ? [] : DEEDS[deed].options;
  for (const name of ["reason", "to"] as const)
    if (values[name] !== undefined && !known.includes(name))
      throw new UsageError(`--${name} means nothing to tidemark room${deed === undefined ? "" : ` ${deed}`}`);
}

function isDeed(word: string): word is Deed {
  return Object.hasOwn(DEEDS, word);
}

async function showInfo(api: Api, path: string, json: boolean, paint: Paint): Promise<void> {
  const body = await askApi(api, path);
  if (!("status" in body && "seats" in body))
    throw new TidemarkError("not_found", "what is there is no API of this kind");
  if (json) return print(JSON.stringify(body));
  const info = body as RoomInfo;
  for (const [name, value] of linesOf(info)) await print(`${paint("dim", name.padEnd(10))}${value}`);
  for (const { id, user, here } of info.seats) {
    const text = printable(JSON.stringify(user ?? null));
    await print(`  ${paint("bold", printable(id))}  ${here ? "here" : paint("dim", "away")}  ${text}`);
  }
}

/** Names and what is said of them. */
function linesOf(info: RoomInfo): [string, string][] {
  const { channel, status, reason, owner, tick, rate, seats, most, reserved, spectators } = info;
  const { tickTime, ticksLate, short, match } = info;
  const ticks = rate === 0 ? "" : `, ${rate} a second`;
  const kept = reserved === 0 ? "" : `, ${reserved} kept for others`;
  const lines: [string, string | undefined][] = [
    ["room", printable(channel)],
    ["status", reason === undefined ? status : `${status}: ${printable(reason)}`],
    ["server", owner && `${printable(owner.node)}, reign ${owner.n} ${printable(owner.reign)}`],
    ["tick", tick === undefined ? undefined : `${tick}${ticks}`],
    ["cost", tickTime === undefined ? undefined : `${tickTime.toFixed(2)} ms a tick, ${ticksLate ?? 0} late`],
    ["short", short === 0 ? undefined : `${short} of its owners ended soon and badly, one after the other`],
    ["match", Object.keys(match).length === 0 ? undefined : printable(JSON.stringify(match))],
    ["watching", String(spectators)],
    ["seats", `${seats.length} of ${most}${kept}`],
  ];
  return lines.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
}
