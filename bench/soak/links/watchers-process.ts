/** A process with the viewers of a soak: what they cost is not the server's. */
import { expose } from "../../lib/remote.js";
import { Watchers, type WatchersSpec } from "./watchers.js";

let watchers: Watchers | undefined;

function all(): Watchers {
  if (watchers === undefined) throw new Error("nobody watches");
  return watchers;
}

const functions = {
  async join(spec: WatchersSpec): Promise<void> {
    watchers = new Watchers(spec);
    await watchers.join();
  },
  begun: () => all().begun(),
  forget: () => all().forget(),
  results: () => all().results(),
  differences: (newest: readonly (readonly [string, unknown])[]) => all().differences(newest),
  leave: () => all().leave(),
};
export type WatchersProcess = typeof functions;

expose(functions);
