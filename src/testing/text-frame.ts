/** A text frame as a socket would have given it: what `receiveText` takes. */
export function textFrame(text: string): [bytes: Buffer, from: number, to: number, ascii: boolean] {
  const bytes = Buffer.from(text);
  return [bytes, 0, bytes.length, bytes.length === text.length];
}
