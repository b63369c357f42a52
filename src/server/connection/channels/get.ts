/** The get command: what some keys of a state channel hold. */
import type { SlotsPage } from "../../../broker/index.js";
import { formatCursor, type Command } from "../../../protocol/index.js";
import { mustHaveKeys } from "../../channels/keys.js";
import { TidemarkError } from "../../errors.js";
import { textLine } from "../../delivery/chunk.js";
import type { Caller, Identity } from "../caller.js";
import { presentable } from "../presentable.js";
import { cursorOf } from "../publish/changes/known-slots.js";
import { contextOf, mustResolve } from "./access.js";
import { mustAllowKeys } from "./slot-rights.js";

/** The most that one answer tells, in bytes of keys and values. */
const MOST_BYTES = 64 * 1024;

export function get(connection: Caller, command: Command & { do: "get" }): void {
  const { id, channel, keys } = command;
  const { node } = connection;
  connection.replyLarge(
    async () => {
      const resolved = mustResolve(connection, channel);
      const { name } = resolved;
      const { options } = mustHaveKeys(resolved);
      const context = contextOf(connection, connection.identity as Identity, resolved);
      await mustAllowKeys(node, context, resolved, "get", keys);
      node.newChannels.use(connection, name);
      const slots = [...new Set(keys)];
      const page = await node.reads.slots.run(() => node.broker.readSlots(name, { slots }, options));
      const ok = answerOf(page, slots.length);
      return id === undefined ? undefined : textLine(`{"id":${id},"ok":${ok}}`);
    },
    (error) => connection.fail(id, presentable(connection, error, "read the keys")),
  );
}

/** @throws {TidemarkError} `too_large` where the values are too much for an answer */
function answerOf(page: SlotsPage, asked: number): string {
  const fields: string[] = [];
  let size = 0;
  for (const { changes = [] } of page.entries)
    for (const { slot, data } of changes) {
      if (typeof data !== "string") continue;
      const field = `${JSON.stringify(slot)}:${data}`;
      size += Buffer.byteLength(field);
      fields.push(field);
    }
  if (size > MOST_BYTES && asked > 1)
    throw new TidemarkError(
      "too_large",
      `these keys hold ${size} bytes, and an answer at most ${MOST_BYTES}: ask for fewer, or subscribe to them`,
    );
  return `{"cursor":${JSON.stringify(formatCursor(cursorOf(page)))},"values":{${fields.join(",")}}}`;
}
