/** Both ends of a WebSocket that compresses. */
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { state, stream, tidemark, type AppOptions } from "../../../src/server/index.js";
import { frame, upgrade, type Raw } from "./raw.js";
import { quiet } from "./serve.js";

export const ADDRESS = "/connect?deflate=1";
export const OFFER = "permessage-deflate; client_max_window_bits";
/** RSV1, as {@link frame} takes it. */
export const RSV1 = 4;
const TAIL = Buffer.from([0, 0, 0xff, 0xff]);

/** An app with a channel of keys, whose name is known to no public function, and one that is a stream. */
export const makeStateApp = (options: AppOptions<null> = {}) =>
  tidemark({ ...quiet, ...options }).channels({
    "keys/:id": state(),
    "chat/:id": stream({ retain: { count: 1000 } }),
  });

/** A TCP connection that is a WebSocket that compresses. */
export function upgradeToDeflate(port: number): Promise<Raw> {
  return upgrade(port, ADDRESS, { "Sec-WebSocket-Extensions": OFFER });
}

export function compress(data: string | Buffer, level = 6): Buffer {
  const bytes = deflateRawSync(data, { level, finishFlush: constants.Z_SYNC_FLUSH });
  return bytes.subarray(0, bytes.length - TAIL.length);
}

export function uncompress(payload: Buffer): string {
  const options = { finishFlush: constants.Z_SYNC_FLUSH };
  return inflateRawSync(Buffer.concat([payload, TAIL]), options).toString();
}

/** A message in one compressed frame, as a client sends it. */
export function compressed(opcode: number, data: string | Buffer, level?: number): Buffer {
  return frame(opcode, compress(data, level), { rsv: RSV1 });
}

/** Keys and values of which a message of their changes is long enough to be compressed. */
export function manyKeys(count: number, value: unknown): Record<string, unknown> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`host-${1000 + i}`, { cpu: value, i }]));
}
