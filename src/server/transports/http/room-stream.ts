/** What happens in a room, as lines of JSON, for as long as somebody reads them. */
import type { Timer } from "../../../protocol/index.js";
import type { ResolvedChannel } from "../../channels/registry.js";
import type { ServerNode } from "../../connection/node.js";
import { errorBody } from "../../errors.js";
import type { RoomNews } from "../../room/room-news.js";
import { RoomWatch } from "../../room/room-watch.js";
import { beginLines, UNREAD_MS } from "./api-answers.js";
import type { HttpResponse } from "./exchange.js";

/** After so long without a line there is an empty one, so that who reads knows that somebody is there, in milliseconds. */
const SIGN_MS = 15_000;

/**
 * Streams a room until it ends, or its reader does. Where that reads slowly, a line stands for more.
 *
 * @param rate lines a second at most
 */
export async function streamRoom(
  node: ServerNode,
  resolved: ResolvedChannel,
  rate: number,
  response: HttpResponse,
): Promise<void> {
  const { clock } = node;
  let sign: Timer;
  let isWriting = false;
  const write = (text: string): Promise<void> =>
    new Promise((resolve) => {
      isWriting = true;
      response.write(text, () => {
        isWriting = false;
        resolve();
      });
    });
  const signLater = (): void => {
    clock.clearTimeout(sign);
    sign = clock.setTimeout(() => {
      if (!isWriting) void write("\n");
      signLater();
    }, SIGN_MS);
  };
  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      if (rate === Infinity) resolve();
      else clock.setTimeout(resolve, 1000 / rate);
    });
  const watch = new RoomWatch({
    node,
    resolved,
    listener: async (news: RoomNews) => {
      signLater();
      // The next one is told when this one has been taken: until then what happens adds up.
      await Promise.all([write(`${JSON.stringify(news)}\n`), pause()]);
    },
  });
  response.once("close", () => watch.close());
  beginLines(response);
  response.setTimeout(UNREAD_MS, () => response.destroy());
  signLater();
  const error = await watch.ended;
  clock.clearTimeout(sign);
  response.end(error === undefined ? "" : `${JSON.stringify({ error: errorBody(error) })}\n`);
}
