/** `tidemark pub`: publishes one message, or each line of standard input. */
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { connect, type Client, type Published } from "../client/index.node.js";
import {
  CONNECTION_OPTIONS,
  channelOf,
  interrupted,
  targetOf,
  understood,
  wholeNumber,
} from "./connection.js";
import { endWithReader, print, printable } from "./output.js";
import { UsageError } from "./usage.js";

/** So many lines may be on their way at a time; they arrive in their order. */
const UNANSWERED = 100;
const DEFAULT_TIMEOUT_S = 30;

/**
 * Publishes; resolves to the exit code. A line that fails stops nothing; it is told, and counted.
 *
 * @throws {UsageError} when the arguments make no sense
 * @throws {TidemarkError} when the one message could not be published
 */
export async function pub(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const options = { ...CONNECTION_OPTIONS, timeout: { type: "string" } } as const;
  const { values, positionals } = understood(() =>
    parseArgs({ args: [...args], options, allowPositionals: true }),
  );
  const channel = channelOf(positionals, "tidemark pub CHANNEL JSON");
  const [, text, ...rest] = positionals;
  if (rest.length > 0) throw new UsageError("one message, as one argument: put it in quotes");
  const data = text === undefined ? undefined : { value: parseJson(text) };
  const { url, token } = targetOf(values, env);
  const timeout = wholeNumber(values.timeout ?? String(DEFAULT_TIMEOUT_S), "timeout") * 1000;

  endWithReader();
  const client = connect(url, { token, publishTimeout: timeout });
  // Whoever waits for a publish is told.
  client.on("error", () => {});
  const stop = interrupted().then(() => 130);
  const tell = ({ offset }: Published): Promise<void> =>
    print(
      values.json === true
        ? JSON.stringify({ channel, offset })
        : `published to ${printable(channel)} at ${offset}`,
    );
  try {
    if (data === undefined)
      return await Promise.race([
        publishLines(client, channel, values.json === true ? tell : undefined),
        stop,
      ]);
    const published = await Promise.race([publishOnly(client, channel, data.value), stop]);
    if (typeof published === "number") return published;
    await tell(published);
    return 0;
  } finally {
    client.close();
    // Nobody reads it any more, and open it would keep this process.
    process.stdin.destroy();
  }
}

/** Publishes without staying subscribed: the handle is closed in the same turn, what is on its way goes on. */
function publishOnly(client: Client, channel: string, data: unknown): Promise<Published> {
  const handle = client.stream(channel);
  handle.on("error", () => {});
  const answer = handle.publish(data);
  handle.close();
  return answer;
}

async function publishLines(
  client: Client,
  channel: string,
  tell: ((published: Published) => Promise<void>) | undefined,
): Promise<number> {
  const underWay = new Set<Promise<void>>();
  let number = 0;
  let good = 0;
  let bad = 0;

  function failed(line: number, error: unknown): Promise<void> {
    bad++;
    return print(
      `tidemark: line ${line}: ${error instanceof Error ? error.message : String(error)}`,
      process.stderr,
    );
  }

  async function publish(line: number, text: string): Promise<void> {
    try {
      const published = await publishOnly(client, channel, parseJson(text));
      good++;
      await tell?.(published);
    } catch (error) {
      await failed(line, error);
    }
  }

  for await (const text of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    number++;
    if (text.trim() === "") continue;
    const done = publish(number, text).finally(() => underWay.delete(done));
    underWay.add(done);
    if (underWay.size >= UNANSWERED) await Promise.race(underWay);
  }
  await Promise.all(underWay);
  if (tell === undefined)
    await print(`${good} published to ${printable(channel)}${bad > 0 ? `, ${bad} failed` : ""}`);
  return bad > 0 ? 1 : 0;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new UsageError(
      `this is not JSON: ${printable(text.length > 60 ? `${text.slice(0, 60)}…` : text)} (a text needs quotes of its own: '"hi"')`,
    );
  }
}
