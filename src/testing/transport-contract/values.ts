import { range } from "./kit.js";

/** JSON of every kind, and what looks like something else on the wire. */
export const JSON_VALUES: readonly unknown[] = [
  null,
  0,
  -1.5,
  "",
  "\n\u2028 \u0000 ünï ☃ 😀",
  "data: \r\n\r\nid: 1\n\n",
  [],
  {},
  { close: 4500, reason: "no" },
  ["a", { bytes: 1 }],
  "x".repeat(60_000),
];

/** Bytes, and a text between them. */
export const BYTES: readonly (string | Uint8Array)[] = [
  Uint8Array.from(range(256)),
  new Uint8Array(0),
  "text",
  Uint8Array.from([10, 10, 10]),
  new Uint8Array(60_000).fill(255),
];
