/** How to talk to Tidemark; docs/protocol.md has the whole of it. */
import type { Dialect, Greeting, Refusal } from "./dialect.js";

const QUOTE = 0x22;
const COMMA = 0x2c;
const LETTER_E = 0x65;
const LETTER_I = 0x69;
const ID_AT = '{"id":'.length;

type Errors = { readonly error?: Refusal };

/** How to talk to Tidemark. */
export const tidemark: Dialect = {
  path: "/connect",
  lines: true,
  marker: { at: 0, byte: 0x5b },
  // [channel number,offset,payload…]
  payloadAt: (bytes, start) => bytes.indexOf(COMMA, bytes.indexOf(COMMA, start) + 1) + 1,
  hello: ({ name, channels, token, cursors }) => {
    const subs = channels.map(
      (channel, i) => [channel, cursors === undefined ? {} : { cursor: cursors[i] }] as const,
    );
    const publisher = `generator-${name}`.padEnd(24, "-");
    return JSON.stringify({ id: 1, connect: { token, publisher, subs: Object.fromEntries(subs) } });
  },
  welcome: (line, greeting) => {
    if (!line.startsWith('{"id":1,')) return undefined;
    const refused = line.includes('"error":') ? refusalIn(line, greeting) : undefined;
    return refused === undefined ? "ready" : { refused };
  },
  reply: (bytes, start, end) => {
    if (bytes[start + 1] !== QUOTE || bytes[start + 2] !== LETTER_I) return undefined;
    // {"id":12,"ok":… or {"id":12,"error":…
    let at = start + ID_AT;
    while (at < end && bytes[at] !== COMMA) at++;
    return bytes[at + 2] === LETTER_E ? "refused" : "ok";
  },
  refusal: (line) =>
    (JSON.parse(line) as Errors).error ?? { code: "unknown", message: "the server did not say why" },
  place: (first, line) => {
    const epoch = /"cursor":"([^:"]+):/.exec(first)?.[1] ?? "";
    return `${epoch}:${String((JSON.parse(line) as unknown[])[1])}`;
  },
  publish: (channel, payload, id) =>
    `{"id":${id + 1},"publish":${JSON.stringify(channel)},"data":${payload},"idem":${id}}`,
  request: (payload, id) => `{"id":${id + 1},"call":"echo","data":${payload}}`,
};

/** An answer to connect may refuse the client, or some of its channels. */
function refusalIn(line: string, { channels }: Greeting): Refusal | undefined {
  const { error, ok } = JSON.parse(line) as Errors & {
    readonly ok?: { readonly subs?: Readonly<Record<string, Errors>> };
  };
  return error ?? channels.map((channel) => ok?.subs?.[channel]?.error).find((one) => one !== undefined);
}
