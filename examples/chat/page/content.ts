/** What a message is made of, whether it is in the log or on its way there. */
import type { ImageType } from "../limits.js";

/** Somebody who is called by a message, under the name that stands in its text. */
export interface Mention {
  readonly id: string;
  readonly name: string;
}

/** What a message says of its image. The bytes are on a channel of their own, see channels.ts. */
export interface ImageInfo {
  readonly key: string;
  readonly type: ImageType;
  readonly width: number;
  readonly height: number;
  readonly alt: string;
}

export interface Content {
  readonly text: string;
  readonly image?: ImageInfo | undefined;
  /** The offset of the message that this one is a reply to. */
  readonly thread?: number | undefined;
  readonly mentions?: readonly Mention[] | undefined;
}
