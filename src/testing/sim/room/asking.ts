/** What the application of a node wants of a room: asked until it is answered. */
import type { Ask } from "../../../server/kinds/room/asks.js";
import type { NodeLife } from "./node.js";
import type { RoomTruth } from "./room-truth.js";

const AGAIN_MS = 400;
const PATIENCE_MS = 8000;

/** @param done called once: with an answer, or when it is given up */
export function askRoom(life: NodeLife, truth: RoomTruth, ask: Ask, done: (code: string) => void): void {
  const { clock, mail, process } = life;
  const { channel } = truth;
  const id = life.newName();
  const until = clock.monotonic() + PATIENCE_MS;
  let isOver = false;
  const end = (code: string): void => {
    if (isOver) return;
    isOver = true;
    stop();
    done(code);
  };
  const stop = mail.listen((item) => {
    if (item.is !== "answer" || item.id !== id) return;
    if (item.code !== "unavailable" && item.code !== "room_moved") end(item.code);
  });
  const again = (): void => {
    if (isOver || process.state === "dead") return;
    if (clock.monotonic() >= until) return end("none");
    const { record } = truth.log;
    if (record !== undefined) {
      const requests = [{ id, ask }];
      mail.post(record.node, { is: "batch", channel, reign: record.name, inputs: [], seen: [], requests });
    }
    clock.setTimeout(again, AGAIN_MS);
  };
  again();
}
