/** Commands and texts as strangers send them: right, nearly right, and wrong. */
import type { Dice } from "./dice.js";

const CHANNELS = [
  "chat/a",
  "chat/b",
  "odd/a",
  "odd/b",
  "now/a",
  "refused/a",
  "none/a",
  "chat/%00",
  "chat/caf%C3%A9",
  "",
  "chat/",
  "__proto__",
  `chat/${"x".repeat(300)}`,
] as const;

export const channelOf = (dice: Dice): string => dice.of(CHANNELS);
export const tokenOf = (dice: Dice): string => `odd${dice.below(5)}`;

/** Where a value should be. */
function valueOf(dice: Dice): unknown {
  const long = "y".repeat(dice.below(2000));
  return dice.of<unknown>([
    1,
    -1,
    2 ** 53,
    1e300,
    null,
    true,
    "",
    long,
    [],
    {},
    [[[]]],
    { a: long },
    "k3x:7",
  ]);
}

function startOf(dice: Dice): object {
  return dice.of<object>([
    {},
    {},
    { last: 5 },
    { last: 0 },
    { since: 1 },
    { cursor: "k3x:7" },
    { cursor: valueOf(dice) },
  ]);
}

export function connectCommand(dice: Dice): Record<string, unknown> {
  const subs: Record<string, unknown> = {};
  for (let i = dice.below(4); i > 0; i--) subs[channelOf(dice)] = startOf(dice);
  return {
    id: dice.below(100),
    connect: {
      token: tokenOf(dice),
      ...(dice.rarely(2) && { publisher: "a-secret-of-somebody-0123456789" }),
      ...(dice.rarely(2) && { subs }),
    },
  };
}

/** One line that is a command, or nearly. */
export function commandLine(dice: Dice): string {
  const channel = channelOf(dice);
  const id = dice.below(1000);
  const command = dice.of<Record<string, unknown>>([
    { id, subscribe: channel, ...startOf(dice) },
    { id, unsubscribe: channel },
    { id, publish: channel, data: valueOf(dice), idem: dice.below(20) },
    {
      id,
      publish: channel,
      data: valueOf(dice),
      idem: dice.below(20),
      first: true,
      age: dice.below(400_000),
    },
    { publish: channel, data: valueOf(dice) },
    { id, history: channel, limit: dice.below(1200) },
    { id, members: channel },
    { id, call: dice.of(["echo", "odd", "kick", "move", "none"]), data: valueOf(dice) },
    { id, refresh: { token: tokenOf(dice) } },
    {},
    connectCommand(dice),
  ]);
  if (dice.rarely(6))
    command[dice.of(["id", "data", "idem", "limit", "bytes", "publish", "subscribe"])] = valueOf(dice);
  const text = JSON.stringify(command);
  return dice.rarely(12) ? mutated(dice, text) : text;
}

export function mutated(dice: Dice, text: string): string {
  const at = dice.below(text.length + 1);
  return (
    text.slice(0, at) +
    dice.of(["", "\n", "\0", '"', "}", "{", "[", "\u2028", "x"]) +
    text.slice(at + dice.below(3))
  );
}

/** What is sent over HTTP: one command, or several. */
export function bodyOf(dice: Dice): string {
  const lines = [JSON.stringify(connectCommand(dice))];
  if (dice.rarely(2)) for (let i = dice.below(8); i > 0; i--) lines.push(commandLine(dice));
  if (dice.rarely(8)) lines.shift();
  if (dice.rarely(30)) lines.push("z".repeat(140_000));
  const text = lines.join("\n");
  return dice.rarely(10) ? mutated(dice, text) : text;
}

const PATHS = [
  "/connect",
  "/echo",
  "/healthz",
  "/readyz",
  "/api/channels",
  "/connect/none",
  "/",
  "//connect/",
] as const;
const ENDPOINTS = ["stream", "poll", "send", "sse"] as const;

/** Path and query. */
export function targetOf(dice: Dice): string {
  if (dice.rarely(8)) return dice.of(PATHS);
  const endpoint = dice.of(ENDPOINTS);
  const query = [
    ["channel", channelOf(dice)],
    ["token", tokenOf(dice)],
    ["wait", String(dice.of([0, 1, 100, 1e9, "x"]))],
    ["last", String(dice.below(10))],
    ["away", String(dice.below(10_000))],
  ].filter(() => !dice.rarely(4));
  const text = query.map(([name, value]) => `${name}=${encodeURIComponent(value ?? "")}`).join("&");
  const slash = dice.rarely(20) ? "/" : "";
  return `/connect${slash}/${endpoint}${slash}?${dice.rarely(20) ? "%%&&=&channel=chat/a&channel" : text}`;
}

export function headersOf(dice: Dice): Record<string, string> {
  const all: readonly (readonly [string, string])[] = [
    ["origin", dice.of(["https://evil.example", "null", "http://127.0.0.1", "nonsense"])],
    ["last-event-id", dice.of(["k3x:7", "", "nonsense", "x:1"])],
    ["content-type", dice.of(["application/octet-stream", "text/plain"])],
    ["content-encoding", dice.of(["gzip", "identity"])],
    ["sec-fetch-site", dice.of(["cross-site", "same-origin"])],
    ["authorization", dice.of(["Bearer a-key-for-backends-0123456789", "Bearer odd1", "Basic x"])],
    ["expect", "100-continue"],
  ];
  return Object.fromEntries(all.filter(() => dice.rarely(8)));
}
