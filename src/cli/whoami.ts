/** `tidemark whoami`: what the server says to a connection with this token. */
import { once } from "node:events";
import { parseArgs } from "node:util";
import { WebSocket } from "ws";
import { TidemarkError } from "../client/index.node.js";
import { CONNECTION_OPTIONS, targetOf, understood, wholeNumber } from "./connection.js";
import { print, printable } from "./output.js";
import { UsageError } from "./usage.js";

type Fields = Readonly<Record<string, unknown>>;

/**
 * Connects by hand, since the answer to connect is what this is about.
 *
 * @throws {UsageError} when the arguments make no sense
 * @throws {TidemarkError} when the server cannot be reached or refuses the token
 */
export async function whoami(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const options = { ...CONNECTION_OPTIONS, timeout: { type: "string" } } as const;
  const { values, positionals } = understood(() =>
    parseArgs({ args: [...args], options, allowPositionals: true }),
  );
  if (positionals.length > 0) throw new UsageError("whoami takes no arguments; try tidemark help");
  const { url, token } = targetOf(values, env);
  const seconds = wholeNumber(values.timeout ?? "10", "timeout");
  const socket = new WebSocket(url, { perMessageDeflate: false, handshakeTimeout: seconds * 1000 });
  const timer = setTimeout(() => socket.terminate(), seconds * 1000);
  try {
    const began = await opened(socket, url);
    socket.send(JSON.stringify({ id: 1, connect: { ...(token !== undefined && { token }) } }));
    const reply = await answer(socket, url);
    const roundTrip = Math.round(performance.now() - began);
    await show(reply, { url, roundTrip, json: values.json === true });
  } finally {
    clearTimeout(timer);
    socket.close(1000);
  }
}

async function opened(socket: WebSocket, url: string): Promise<number> {
  try {
    await once(socket, "open");
    return performance.now();
  } catch (cause) {
    socket.on("error", () => {});
    throw new TidemarkError(
      "connection_lost",
      `cannot reach ${url}: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

/** What the answer to connect says. Whatever else may be in its frame comes after it. */
function answer(socket: WebSocket, url: string): Promise<Fields> {
  return new Promise((resolve, reject) => {
    socket.on("message", (frame: Buffer) => {
      const [line = ""] = frame.toString().split("\n");
      const { ok, error } = JSON.parse(line) as {
        readonly ok?: Fields;
        readonly error?: { readonly code: string; readonly message: string };
      };
      if (ok !== undefined) resolve(ok);
      else if (error !== undefined) reject(new TidemarkError(error.code, error.message));
    });
    socket.on("error", () => {});
    socket.once("close", (code, reason) => {
      reject(
        new TidemarkError(
          "connection_lost",
          `${url} closed the connection: ${code} ${reason.toString()}`.trim(),
        ),
      );
    });
  });
}

async function show(
  reply: Fields,
  { url, roundTrip, json }: { readonly url: string; readonly roundTrip: number; readonly json: boolean },
): Promise<void> {
  if (json) return print(JSON.stringify({ url, ...reply, roundTrip }));
  const { user, client, durability } = reply;
  const rows = [
    ["server", url],
    ...(user === undefined ? [] : [["user", user]]),
    ["connection", client],
    ["durability", durability],
    ["round trip", `${roundTrip} ms`],
  ];
  for (const [name, value] of rows) {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    await print(`${String(name).padEnd(12)}${printable(text)}`);
  }
}
