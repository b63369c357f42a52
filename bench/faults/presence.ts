/** A node with many members is killed: the others have to know soon, and to lose nobody who lives. */
import type { HistoryEvent } from "tidemark/testing";
import { Remote } from "../lib/remote.js";
import { elapse } from "../lib/wait.js";
import type { Members } from "./members.js";
import type { Scene } from "./scene.js";
import { judge, type Row } from "./verdict.js";

const WATCHERS = 10;
/** Have a connection on the killed node and another one on the living. */
const ON_BOTH = 10;
/** Two leases. */
const ALLOWED_MS = 10_000;
/** How long nobody may come back or leave afterwards. */
const AFTERWARDS_MS = 6000;

export async function membersGone(scene: Scene, members: number): Promise<Row> {
  const { say, built } = scene.settings;
  const redis = await scene.redis();
  const options = { url: redis.url };
  const [doomed, living] = [await scene.node(options), await scene.node(options)];
  const start = async (): Promise<Remote<Members>> => {
    const remote = await Remote.start<Members>("members.js", built);
    scene.onEnd(() => remote.kill());
    return remote;
  };
  const url = (port: number): string => `ws://127.0.0.1:${port}/connect`;
  const onBoth = names("both", ON_BOTH);
  const mortal = names("m", members);
  const watchers = names("w", WATCHERS);
  const [sitters, watching] = [await start(), await start()];
  await watching.call("watch", { url: url(living.port), names: watchers });
  await watching.call("sit", { url: url(living.port), names: onBoth });
  await sitters.call("sit", { url: url(doomed.port), names: [...mortal, ...onBoth] });
  const present = [...mortal, ...onBoth, ...watchers];
  await seen(watching, (list) => list.length === present.length, 30_000);
  // For a lease after its own start a node takes nobody for dead.
  await elapse(5000 + scene.random.float() * 1000);
  const killedAt = Date.now();
  doomed.kill();
  sitters.kill();
  say(`a node with ${members + ON_BOTH} members is killed`);
  const alive = [...onBoth, ...watchers];
  await seen(watching, (list) => list.length <= alive.length, 3 * ALLOWED_MS);
  await elapse(AFTERWARDS_MS);
  const views = await watching.call("look");
  const recoveries = views.map(({ lastLeave }) => lastLeave - killedAt);
  const slowest = Math.max(...recoveries);
  const wronged = views.flatMap(({ left }) => left.filter((name) => alive.includes(name)));
  const events = views.map(({ seen: list }, i): HistoryEvent => ({
    time: Date.now(),
    is: "members",
    subscriber: `watcher ${i}`,
    channel: "room/faults",
    seen: list,
    expected: alive,
  }));
  return {
    fault: `a node with ${members} members killed with -9`,
    settings: `2 nodes on Redis, lease 5 s; ${ON_BOTH} members are on both nodes, ${WATCHERS} watch from the other one`,
    ...judge({
      events,
      behind: 0,
      mayLose: false,
      problems: [
        ...(slowest > ALLOWED_MS ? [`the last leave came after ${slowest} ms`] : []),
        ...wronged.map((name) => `${name} lives, and was said to have left`),
      ],
    }),
    recoveries,
  };
}

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${i}`);
}

/** Waits until every watcher's list is as it should be, or for `patience`: who looks at it then will see. */
async function seen(
  watching: Remote<Members>,
  isRight: (list: readonly string[]) => boolean,
  patience: number,
): Promise<void> {
  for (const end = Date.now() + patience; Date.now() < end; await elapse(50)) {
    if ((await watching.call("look")).every(({ seen: list }) => isRight(list))) return;
  }
}
