/** Slow mode: in some rooms one waits between two messages. */
import { TidemarkError } from "tidemark";
import { slowModeOf } from "./limits.js";

/** Who wrote what last in slow rooms, the latest at the end. */
const turns = new Map<string, { at: number; said: string; times: number }>();

/**
 * Lets somebody write in a room, and remembers it. Who comes without a token is known by their connection only, and
 * can come with another.
 *
 * @throws {TidemarkError} `slow_mode`, with the time that they still have to wait
 */
export function takeTurn(room: string, id: string, said: string): void {
  const wait = slowModeOf(room);
  const now = Date.now();
  const turn = turns.get(`${room} ${id}`);
  const left = turn === undefined ? 0 : turn.at + wait - now;
  // A publish that is tried again after a cut comes here again; so the same words are let through a few times.
  const again = left > 0 && turn?.said === said && turn.times < 3;
  if (left > 0 && !again) {
    const reason = `Slow mode: one message every ${wait / 1000} s here. Wait ${Math.ceil(left / 1000)} s.`;
    throw new TidemarkError("slow_mode", reason);
  }
  turns.delete(`${room} ${id}`);
  if (wait === 0) return;
  turns.set(`${room} ${id}`, { at: again ? turn.at : now, said, times: again ? turn.times + 1 : 1 });
  for (const [who, { at }] of turns) if (turns.size > 10_000 || now - at > wait) turns.delete(who);
}
