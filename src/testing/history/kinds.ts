/** All kinds of channels that a history can tell of. */
import type { Kind } from "./kind-judge.js";
import { STATE } from "./kinds/state/judge.js";
import { STREAM } from "./kinds/stream/judge.js";
import { TRANSIENT } from "./kinds/transient/judge.js";

export const KINDS: readonly Kind[] = [TRANSIENT, STATE, STREAM];
