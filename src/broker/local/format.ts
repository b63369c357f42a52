/**
 * The format of a folder: a number that rises when something is kept in another way. The data says it, so that a copy of the data
 * alone does, and so does the small file beside it, which is read before the data is touched.
 *
 * 1, which is not said in the data: streams. 2: logs that are kept by slots, and reigns, too.
 */
import { BrokerError } from "../contract.js";

/** What a folder says of its format. */
export interface Format {
  readonly format: number;
  /** The first version of Tidemark that reads it. */
  readonly since: string;
}

/** What this version writes. It opens folders of all formats up to it. */
export const FORMAT: Format = { format: 2, since: "0.1.0" };

/** The key, in `about`, of the data's format. */
export const FORMAT_KEY = Buffer.from("format");

export function packFormat(format: Format): Buffer {
  return Buffer.from(JSON.stringify(format));
}

/** @throws {BrokerError} `unavailable` where the data, which is called `what`, is of a newer format; `said` is what stands under the key */
export function checkDataFormat(what: string, said: Uint8Array | undefined): void {
  // Before it was said there was one.
  if (said !== undefined) checkFormat(what, JSON.parse(Buffer.from(said).toString()) as Partial<Format>);
}

/** @throws {BrokerError} `unavailable` where `said`, of `what`, is newer than this version, or no format at all */
export function checkFormat(what: string, { format, since }: Partial<Format>): void {
  if (typeof format === "number" && format >= 1 && format <= FORMAT.format) return;
  const readers =
    since === undefined ? "a later version of Tidemark reads" : `Tidemark ${since} and later read`;
  throw new BrokerError(
    "unavailable",
    `${what} has format ${String(format)}, which ${readers}; this version reads formats up to ${FORMAT.format}, and has changed nothing`,
  );
}
