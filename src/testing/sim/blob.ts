import type { Asked } from "./exchange.js";

/** A blob that knows what it is made of: a real one tells only in its own time. */
export class SimBlob extends Blob {
  readonly whole: Buffer;

  constructor(parts: BlobPart[], { type }: { type: string }) {
    super([], { type });
    this.whole = Buffer.concat(
      parts.map((part) => {
        if (typeof part === "string") return Buffer.from(part);
        if (part instanceof Uint8Array) return Buffer.from(part);
        throw new TypeError("blobs of text and bytes only");
      }),
    );
  }
}

/** What a request's body is, and says that it is. */
export function bodyOf(body: BodyInit): Pick<Asked, "body" | "type"> {
  if (typeof body === "string") return { body: Buffer.from(body), type: "text/plain;charset=UTF-8" };
  if (body instanceof SimBlob) return { body: body.whole, type: body.type };
  throw new TypeError("bodies of text and simulated blobs only");
}
