/** The methods of the simulated application. */
import type { Clock } from "../../protocol/index.js";
import { method, type MethodDef } from "../../server/channels/methods.js";
import { TidemarkError } from "../../server/errors.js";
import type { Recorder } from "./recorder.js";

/** The code of the error that methods throw. */
export const REFUSED = "refused_here";

interface Note {
  readonly id: string;
  readonly ms: number;
  readonly isRefused: boolean;
}

/** `note` writes down that it runs, and answers with the call's id: at once, or after a while. */
export function simMethods(clock: Clock, recorder: Recorder): ReadonlyMap<string, MethodDef> {
  const run = (input: unknown): string | Promise<string> => {
    const { id, ms, isRefused } = input as Note;
    recorder.add({ is: "run", id });
    if (isRefused) throw new TidemarkError(REFUSED, "not this one");
    return ms === 0 ? id : new Promise((resolve) => clock.setTimeout(() => resolve(id), ms));
  };
  return new Map([["note", method({ run }).def]]);
}
