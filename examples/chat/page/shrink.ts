/** Makes an image small enough to be sent. */
import { IMAGE_TYPES, MAX_IMAGE_BYTES, type ImageType } from "../limits.js";

export interface Shrunk {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly type: ImageType;
  readonly width: number;
  readonly height: number;
}

/** Longer sides are made shorter first, in pixels; then, until it fits, the quality and the sides. */
const SIDES = [1600, 1280, 1024, 800, 640, 480, 320];
const QUALITIES = [0.85, 0.7, 0.55];

/**
 * The image as it will be sent: as it is if that fits, else smaller.
 *
 * @throws {Error} with a sentence for the user when it is no image, or cannot be made small enough
 */
export async function shrink(file: Blob): Promise<Shrunk> {
  const bitmap = await createImageBitmap(file).catch((cause: unknown) => {
    throw new Error("This is no image that can be shown here.", { cause });
  });
  try {
    const { width, height } = bitmap;
    const type = IMAGE_TYPES.find((each) => each === file.type);
    if (type !== undefined && file.size <= MAX_IMAGE_BYTES && Math.max(width, height) <= 10_000)
      return { bytes: new Uint8Array(await file.arrayBuffer()), type, width, height };
    for (const side of SIDES) {
      for (const quality of QUALITIES) {
        const made = await draw(bitmap, side, quality);
        if (made.bytes.length <= MAX_IMAGE_BYTES) return made;
      }
    }
    throw new Error(`This image cannot be made smaller than ${sizeText(MAX_IMAGE_BYTES)}.`);
  } finally {
    bitmap.close();
  }
}

/**
 * How many bytes, as people read it.
 *
 * @example sizeText(3_400_000) // "3.4 MB"
 */
export function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  if (bytes < 999_500) return `${Math.round(bytes / 1000)} KB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

async function draw(bitmap: ImageBitmap, side: number, quality: number): Promise<Shrunk> {
  const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
  const width = Math.max(1, Math.round(bitmap.width * scale));
  const height = Math.max(1, Math.round(bitmap.height * scale));
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0, width, height);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/webp", quality));
  if (blob === null) throw new Error("This image is too large to be made smaller here.");
  // A browser that cannot write WebP writes PNG, and says so.
  const type = IMAGE_TYPES.find((each) => each === blob.type) ?? "image/png";
  return { bytes: new Uint8Array(await blob.arrayBuffer()), type, width, height };
}
