const TEXT = 0x81;
const TWO_BYTES = 126;

/** A server's frame of text, of less than 64 KiB. */
export function frameOf(payload: Buffer): Buffer {
  const { length } = payload;
  const head = length < TWO_BYTES ? [TEXT, length] : [TEXT, TWO_BYTES, length >> 8, length & 255];
  return Buffer.concat([Buffer.from(head), payload]);
}
