/** One turn of a room: the ticks that are due now, and what has come of them all together. */
import type { Left, Answered } from "../run/arrivals.js";
import type { Threw } from "../run/calls.js";
import type { Sent } from "../run/effects.js";
import type { Entering, TickEntry } from "../run/entering.js";
import type { Outcome, Run } from "../run/run.js";
import type { Watching } from "../watch/steps.js";
import type { Desk, Entrance, Reply } from "./desk.js";

/** So many steps of a room without ticks are made in one turn; others have theirs then. */
export const MOST_STEPS_AT_ONCE = 64;

const NOTHING: Entrance = { entered: [], seats: [], others: [] };

/** What has come of a turn. */
export interface Made {
  /** What a replay needs of it, and when that was, in milliseconds of the room's own time. */
  readonly entries: readonly { readonly entry: TickEntry; readonly time: number }[];
  /** Seats that were taken or given free. */
  readonly seats: ReadonlySet<string>;
  readonly left: readonly Left[];
  readonly sends: readonly Sent[];
  readonly replies: readonly Reply[];
  /** Whether one of the answers gives a seat, or says that one is free: that is in the log first. */
  readonly waitsForLog: boolean;
  readonly wantsCheckpoint: boolean;
  /** Hooks that threw, each with what entered in its tick. */
  readonly threw: readonly { readonly threw: Threw; readonly entered: readonly Entering[] }[];
  readonly closed: string | undefined;
}

type MutableMade = {
  -readonly [Name in keyof Made]: Made[Name] extends readonly (infer T)[] ? T[] : Made[Name];
};

/** Makes so many ticks; what waits at the desk enters with the first. */
export function makeTicks(run: Run, desk: Desk, steps: number, watching: Watching): Made {
  const made = nothingMade();
  for (let i = 0; i < steps && run.closed === undefined; i++) {
    const entrance = i === 0 ? desk.take() : NOTHING;
    collect(made, step(run, entrance.entered, undefined, watching), entrance, run, desk);
  }
  return made;
}

/** Makes the steps that are due in a room without ticks, one for each input. `undefined`: none. */
export function makeSteps(run: Run, desk: Desk, at: number, watching: Watching): Made | undefined {
  const isDue = (): boolean => run.due !== undefined && run.due <= at;
  const entrance = desk.take();
  if (entrance.entered.length === 0 && !isDue()) return undefined;
  const made = nothingMade();
  collect(made, step(run, entrance.entered, at, watching), entrance, run, desk);
  for (let steps = 1; steps < MOST_STEPS_AT_ONCE && run.closed === undefined && isDue(); steps++)
    collect(made, step(run, [], at, watching), NOTHING, run, desk);
  return made;
}

/** One step, marked: in nothing else can a room stand still. Hot path. */
function step(
  run: Run,
  entered: readonly Entering[],
  at: number | undefined,
  { marks, of }: Watching,
): Outcome {
  marks.begin(of, run.tick + 1, "step");
  try {
    return run.step(entered, at);
  } finally {
    marks.end();
  }
}

function nothingMade(): MutableMade & { readonly seats: Set<string> } {
  return {
    entries: [],
    seats: new Set(),
    left: [],
    sends: [],
    replies: [],
    waitsForLog: false,
    wantsCheckpoint: false,
    threw: [],
    closed: undefined,
  };
}

function collect(
  made: MutableMade & { readonly seats: Set<string> },
  outcome: Outcome,
  { entered, seats, others }: Entrance,
  run: Run,
  desk: Desk,
): void {
  const { entry, time, answers, left, closed } = outcome;
  if (entry !== undefined) made.entries.push({ entry, time });
  for (const { seat, answer } of answers) if (answer === "ok") made.seats.add(seat);
  for (const one of left) {
    made.seats.add(one.seat);
    made.left.push(one);
    desk.left(one.seat, run);
  }
  for (const one of outcome.sends) made.sends.push(one);
  for (const threw of outcome.threw) made.threw.push({ threw, entered });
  made.wantsCheckpoint ||= outcome.wantsCheckpoint;
  made.closed ??= closed;
  if (seats.length === 0 && others.length === 0) return;
  made.waitsForLog ||= left.length > 0 || answers.some(isGiven);
  made.replies.push(...desk.repliesTo(seats, answers, run));
  for (const asked of others) made.replies.push(desk.replyTo(asked, run, left));
}

function isGiven({ answer }: Answered): boolean {
  return answer === "ok" || answer === "again";
}
