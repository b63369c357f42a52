import type { AnswerCode } from "../messages.js";
import type { Run } from "../run/run.js";
import type { Asked, Desk } from "./desk.js";
import type { Keeper } from "./keeper.js";

/** What a room is saved with, for somebody who waits for that. */
export interface Saving {
  readonly run: Pick<Run, "closed">;
  readonly keeper: Pick<Keeper, "saveNow">;
  readonly desk: Pick<Desk, "answer">;
}

/** Saves a room as it is now, and answers once that is in the log. Where it is not, nobody knows here what becomes of the room. */
export async function saveAsked(asked: Asked, { run, keeper, desk }: Saving): Promise<void> {
  const answer = (code: AnswerCode, reason?: string): void => desk.answer(asked, code, { reason });
  if (run.closed !== undefined) return answer("room_closed", run.closed);
  const saved = await keeper.saveNow();
  if (saved === "written") answer("ok");
  else if (saved === "too_large") answer("refused", "it is more than a checkpoint holds, 1 MiB");
}
