/** WebSocket frames as a client sends them. The mask is zero, so that making one costs the generator nothing. */

const FINAL = 0x80;
const MASKED = 0x80;
const MASK_BYTES = 4;

export const TEXT = 1;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

/** A whole masked frame. The server has to unmask it all the same. */
export function clientFrame(payload: string | Buffer, opcode = TEXT): Buffer {
  const size = Buffer.byteLength(payload);
  const head = size < 126 ? 6 : size < 65_536 ? 8 : 14;
  // From Node's pool: an allocation of its own for each costs the generator more than all the rest.
  const frame = Buffer.allocUnsafe(head + size).fill(0, head - MASK_BYTES, head);
  frame[0] = FINAL | opcode;
  if (head === 6) frame[1] = MASKED | size;
  else if (head === 8) {
    frame[1] = MASKED | 126;
    frame.writeUInt16BE(size, 2);
  } else {
    frame[1] = MASKED | 127;
    frame.writeBigUInt64BE(BigInt(size), 2);
  }
  if (typeof payload === "string") frame.write(payload, head);
  else payload.copy(frame, head);
  return frame;
}
