/** What goes wrong in the middle of messages that travel in parts, on their way in and on their way out. */
import { STREAMS } from "./channels.js";
import type { Fault } from "./fault.js";
import { largeSize } from "./payload.js";
import type { Step } from "./step.js";
import type { World } from "./world.js";

/** How long a line may take for one, in milliseconds: beyond the time in which parts are on their way. */
const WAY_MS = 300;

/** One to three messages in parts, all to one channel, of which each has a size of its own. */
function publishLarge(world: World, step: Step): void {
  const client = world.client(step);
  const channel = STREAMS[step.ms % STREAMS.length] ?? "log/a";
  client.process.run(() => {
    for (let i = 0; i <= step.ms % 3; i++) client.publish?.(channel, largeSize(step.size + i / 3), true);
  });
}

export const LARGE_FAULTS: Readonly<Record<string, Fault>> = {
  /** Whoever publishes is cut off before all parts have arrived. */
  cutSender: {
    weight: 1,
    longest: WAY_MS,
    run(world, step) {
      publishLarge(world, step);
      world.later(step.ms, () => world.client(step).line.cut());
    },
  },
  /** Somebody with a narrow line is cut off in the middle, or just stands there for a while. */
  cutReader: {
    weight: 1,
    longest: 4000,
    run(world, step) {
      const reader = world.client({ who: step.who + 1 });
      world.until(step.ms + WAY_MS, reader.line.trouble.begin("narrow", step.size));
      publishLarge(world, step);
      world.later(step.ms, () => step.ms % 2 === 0 && reader.line.cut());
    },
  },
  /** Everybody reads slowly, and each stands somewhere else when others publish: what is kept for one goes for the next. */
  narrowLarge: {
    weight: 0.7,
    longest: 8000,
    run(world, step) {
      for (const [place, { line }] of world.clients.entries()) {
        const strength = 0.3 + 0.7 * ((place * 0.37 + step.size) % 1);
        world.until(step.ms, line.trouble.begin("narrow", strength));
      }
      for (let i = 0; i < 4; i++)
        world.later((i * step.ms) / 5, () =>
          publishLarge(world, { ...step, who: step.who + i, ms: step.ms + i }),
        );
    },
  },
  /** A node goes, at once or in good order, while it is told messages in parts and tells them on. */
  endWithinLarge: {
    weight: 0.5,
    longest: 3000,
    run(world, step) {
      const node = world.node(step);
      for (const { line } of world.clients) world.until(step.ms, line.trouble.begin("narrow", 0.5));
      publishLarge(world, step);
      world.later(step.ms / 4, () => {
        const again = (): void => world.until(step.ms, () => node.start());
        if (step.size < 0.5) {
          node.crash(false);
          again();
        } else node.drain(step.ms, again);
      });
    },
  },
};
