/** One value of a column as bytes: a whole number in as many as its column needs, a float, or a text behind its length. */
import { broken } from "./broken.js";
import type { ByteReader } from "./byte-reader.js";
import type { ByteWriter } from "./byte-writer.js";
import type { Coding } from "./coding.js";
import type { Code } from "./layout.js";

export function writeCode(to: ByteWriter, coding: Coding, code: Code): void {
  if (coding.kind === "text") {
    if (coding.optional) to.u8(code === undefined ? 0 : 1);
    if (typeof code === "string") to.text(code);
  } else if (typeof code === "number") {
    if (coding.kind === "whole") to.uint(code, coding.bytes);
    else to.float(code, coding.bytes);
  }
}

/** @throws {FrameError} for what no value of this column is written as */
export function readCode(from: ByteReader, coding: Coding): Code {
  switch (coding.kind) {
    case "whole": {
      const code = from.uint(coding.bytes);
      if (code > coding.most) broken();
      return code;
    }
    case "float": {
      const code = from.float(coding.bytes);
      if (!Number.isFinite(code) && !(coding.optional && code === Number.POSITIVE_INFINITY)) broken();
      return code;
    }
    case "text": {
      const has = coding.optional ? from.u8() : 1;
      if (has > 1) broken();
      return has === 1 ? from.text(coding.most) : undefined;
    }
  }
}
