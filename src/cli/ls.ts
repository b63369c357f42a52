/** `tidemark ls`: which channels somebody is subscribed to, and how many. */
import { parseArgs } from "node:util";
import { TidemarkError } from "../client/index.node.js";
import type { ActiveChannels, ChannelCount } from "../server/index.js";
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
export async function ls(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const { values, positionals } = understood(() =>
    parseArgs({ args: [...args], options: API_OPTIONS, allowPositionals: true }),
  );
  const [prefix = "", ...rest] = positionals;
  if (rest.length > 0)
    throw new UsageError("ls takes one beginning of names, such as chat/; try tidemark help");
  const api = apiOf(values, env);

  endWithReader();
  const show = values.json === true ? showJson : table(paintFor(process.stdout, env));
  const total = { channels: 0, subscribers: 0, servers: 0 };
  let missing = 0;
  for await (const { channels, nodes } of pages(api, prefix)) {
    await show(channels);
    total.channels += channels.length;
    for (const { subscribers } of channels) total.subscribers += subscribers;
    total.servers = Math.max(total.servers, nodes.answered);
    missing = Math.max(missing, nodes.asked - nodes.answered);
  }
  if (values.json !== true) await print(summary(total));
  if (missing > 0) {
    const text = `${missing} of ${total.servers + missing} servers did not answer: their subscribers are not counted`;
    await print(paintFor(process.stderr, env)("dim", text), process.stderr);
  }
}

async function* pages(api: Api, prefix: string): AsyncGenerator<ActiveChannels> {
  let after: string | undefined = "";
  do {
    const query = Object.entries({ prefix, after, limit: String(PAGE) });
    const page: ActiveChannels = asPage(await askApi(api, "channels", query));
    yield page;
    after = page.next;
  } while (after !== undefined);
}

function asPage(body: object): ActiveChannels {
  if ("channels" in body && "nodes" in body) return body as ActiveChannels;
  throw new TidemarkError("not_found", "what is there is no API of this kind");
}

async function showJson(channels: readonly ChannelCount[]): Promise<void> {
  for (const channel of channels) await print(JSON.stringify(channel));
}

/** Columns as wide as the first page needs, with their names above. */
function table(paint: Paint): (channels: readonly ChannelCount[]) => Promise<void> {
  let width: number | undefined;
  return async (channels) => {
    if (channels.length === 0) return;
    if (width === undefined) {
      width = Math.max("CHANNEL".length, ...channels.map(({ channel }) => printable(channel).length));
      await print(paint("dim", row("CHANNEL", width, "KIND", "SUBSCRIBERS", "MEMBERS")));
    }
    for (const { channel, kind, subscribers, members } of channels) {
      await print(row(printable(channel), width, kind, String(subscribers), String(members ?? "-")));
    }
  };
}

function row(name: string, width: number, kind: string, subscribers: string, members: string): string {
  return `${name.padEnd(width)}  ${kind.padEnd(9)}  ${subscribers.padStart(11)}  ${members.padStart(7)}`;
}

function summary({
  channels,
  subscribers,
  servers,
}: Record<"channels" | "subscribers" | "servers", number>): string {
  const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;
  return `${counted(channels, "channel")}, ${counted(subscribers, "subscriber")}, on ${counted(servers, "server")}`;
}
