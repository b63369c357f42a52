import type { Parts } from "../../../src/room/hooks.js";
import type { RoomDef, RoomDefinition } from "../../../src/room/shape.js";
import type { Entering } from "../../../src/server/kinds/room/run/entering.js";
import { globalsGuard } from "../../../src/server/kinds/room/run/real-guard.js";
import { Run, type Outcome } from "../../../src/server/kinds/room/run/run.js";

/** A run of its own, with everything looked at that can be. */
export function runOf<P extends Parts, User>({ def }: RoomDefinition<P, User>, seed = 1): Run {
  return new Run(def, { seed, about: { name: "room", match: {} } }, { guard: globalsGuard, strict: true });
}

/** The same room, made again from its bytes. */
export function again(def: RoomDef, run: Run): Run {
  return new Run(def, { from: run.checkpoint() }, { guard: globalsGuard, strict: true });
}

export function joins(seat: string, join: unknown = null): Entering {
  return { is: "join", seat, user: { id: seat }, join };
}

export function input(seat: string, n: number, value: unknown = n): Entering {
  return { is: "input", seat, n, input: value };
}

export function stepTimes(run: Run, count: number): Outcome[] {
  return Array.from({ length: count }, () => run.step());
}

/** The code of the fault that this throws. */
export function codeOf(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    return faultCode(error);
  }
  return undefined;
}

export function faultCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : `no code: ${String(error)}`;
}
