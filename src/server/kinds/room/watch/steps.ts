/** What code of a room a process is in: marked as it begins and ends, so that a thread beside it knows what it stands still in. */

/** Which code it is. `step`: between the hooks of one; `replay`: one that is made again out of the log; `view`: what a player sees. */
export const STEPS = ["step", "replay", "create", "join", "leave", "timer", "input", "tick", "view"] as const;

export type StepName = (typeof STEPS)[number];

/** What is known of a reign by whoever has to say in its log what its owner cannot say any more. */
export interface WatchedReign {
  readonly room: string;
  /** Its name. */
  readonly reign: string;
  /** Of a room that this process owns: what writes are judged by, and what the reign was asked for with. */
  readonly held:
    | { readonly token: string; readonly secret: string; readonly note: string; readonly ttl: number }
    | undefined;
  /** The node that owns it. */
  readonly owner: string;
}

/** A reign as the marks take it: made once, since it is looked at in every step. */
export interface Watched {
  readonly room: string;
  readonly reign: string;
  /** {@link WatchedReign} as JSON. */
  readonly bytes: Uint8Array;
}

/** Where steps are marked. Hot: twice in every step of every room. */
export interface StepMarks {
  /** Code of this room begins. Steps are not within each other. */
  begin(of: Watched, tick: number, step: StepName): void;
  /** Which code of it, from here on. */
  at(step: StepName): void;
  end(): void;
}

/** Where the code of one reign is marked as it runs. */
export interface Watching {
  readonly marks: StepMarks;
  readonly of: Watched;
}

/** Where nobody watches. */
export const NO_MARKS: StepMarks = { begin() {}, at() {}, end() {} };

export function watchedOf(reign: WatchedReign): Watched {
  return { room: reign.room, reign: reign.reign, bytes: new TextEncoder().encode(JSON.stringify(reign)) };
}

/** Reads {@link Watched.bytes}. `undefined` for what is none. */
export function readWatched(json: string): WatchedReign | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return isWatched(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isWatched(value: unknown): value is WatchedReign {
  if (typeof value !== "object" || value === null) return false;
  const { room, reign, owner, held }: { [Name in keyof WatchedReign]?: unknown } = value;
  return (
    typeof room === "string" &&
    typeof reign === "string" &&
    typeof owner === "string" &&
    (held === undefined || isHeld(held))
  );
}

function isHeld(value: unknown): value is NonNullable<WatchedReign["held"]> {
  if (typeof value !== "object" || value === null) return false;
  const { token, secret, note, ttl }: { [Name in keyof NonNullable<WatchedReign["held"]>]?: unknown } = value;
  return (
    typeof token === "string" &&
    typeof secret === "string" &&
    typeof note === "string" &&
    typeof ttl === "number"
  );
}
