/** What applications do: the workloads. A new kind of channel adds its own here. */
import { offsetAt } from "../../protocol/index.js";
import { PRESENT, STREAMS, TRANSIENTS } from "./channels.js";
import type { SimClient } from "./client.js";
import type { Action } from "./sim-kind.js";
import type { Step } from "./step.js";

/** The channel that a step means: `size` chooses. */
function streamOf({ size }: Step): string {
  return STREAMS[Math.floor(size * 997) % STREAMS.length] ?? "log/a";
}

function ifOpen(client: SimClient, channel: string, run: () => void): void {
  if (client.streams.has(channel)) run();
}

/** What clients of a simulated run do, by name. */
export const ACTIONS: Readonly<Record<string, Action<SimClient>>> = {
  /** Publishes one to five small messages. */
  publish: {
    weight: 10,
    run(world, step) {
      const client = world.client(step);
      for (let i = 0; i <= step.ms % 5; i++) client.publish(streamOf(step), 60, step.ms % 7 === 0);
    },
  },
  /** Publishes up to 40 messages of up to 8 KB at once: enough for laggards. */
  burst: {
    weight: 2,
    run(world, step) {
      const client = world.client(step);
      const channel = streamOf(step);
      for (let i = 0; i < 10 + (step.ms % 30); i++)
        client.publish(channel, step.who % 2 === 0 ? 200 : 8000 * step.size, step.ms % 5 === 0);
    },
  },
  /** Publishes one message after the other for a while, so that whatever looks at the log meets some on their way. */
  chatter: {
    weight: 1,
    run(world, step) {
      const client = world.client(step);
      const channel = streamOf(step);
      for (let i = 0; i < 60; i++)
        world.later(i * (10 + (step.ms % 90)), () => client.publish(channel, 60, false));
    },
  },
  /** Publishes to every stream: the order over channels does not matter, each one's does. */
  spread: {
    weight: 2,
    run(world, step) {
      const client = world.client(step);
      for (const channel of STREAMS) client.publish(channel, 80, false);
    },
  },
  signal: {
    weight: 4,
    run(world, step) {
      for (const channel of TRANSIENTS)
        for (let i = 0; i <= step.ms % 4; i++) world.client(step).signal(channel);
    },
  },
  /** Many large signals at once: whoever is slow lags. */
  shout: {
    weight: 1,
    run(world, step) {
      const client = world.client(step);
      for (const channel of TRANSIENTS) {
        for (let i = 0; i < 20; i++) client.signal(channel, 1000 + 6000 * step.size);
      }
    },
  },
  /** Publishes and leaves the channel before the answers can be there, and comes back to publish more. */
  hurry: {
    weight: 2,
    run(world, step) {
      const client = world.client(step);
      const channel = streamOf(step);
      const publish = (): void => {
        for (let i = 0; i < 3; i++) client.publish(channel, 60, false);
      };
      ifOpen(client, channel, () => {
        publish();
        world.later(step.ms % 30, () => client.shut(channel));
        world.later(40 + step.ms, () => {
          client.open(channel);
          publish();
        });
      });
    },
  },
  /** Reads back through a channel's past. */
  page: {
    weight: 2,
    run(world, step) {
      void world.client(step).page(streamOf(step), 1 + (step.ms % 50), "back");
    },
  },
  /** Reads a channel's past from a message on, or from a time on. */
  pageOn: {
    weight: 1,
    run(world, step) {
      const client = world.client(step);
      const since = client.now - step.ms * 10;
      const direction = step.ms % 2 === 0 ? { since } : { after: offsetAt(since) };
      void client.page(streamOf(step), 1 + (step.ms % 50), direction);
    },
  },
  /** Calls a method some times, of which some take a while. */
  call: {
    weight: 2,
    run(world, step) {
      for (let i = 0; i <= step.ms % 4; i++) world.client(step).call(i % 2 === 0 ? 0 : step.ms);
    },
  },
  /** Closes a stream and opens it again after a while, as a newcomer. */
  reopen: {
    weight: 1,
    run(world, step) {
      const client = world.client(step);
      const channel = streamOf(step);
      ifOpen(client, channel, () => {
        client.shut(channel);
        world.later(step.ms, () => client.open(channel));
      });
    },
  },
  /** The same, going on from where it was: a cursor kept by the application. */
  resume: {
    weight: 1,
    run(world, step) {
      const client = world.client(step);
      const channel = streamOf(step);
      ifOpen(client, channel, () => {
        const cursor = client.shut(channel);
        world.later(step.ms, () => client.open(channel, cursor === undefined ? {} : { cursor }));
      });
    },
  },
  /** The same, some messages back. */
  reopenLast: {
    weight: 1,
    run(world, step) {
      const client = world.client(step);
      const channel = streamOf(step);
      ifOpen(client, channel, () => {
        client.shut(channel);
        world.later(step.ms, () => client.open(channel, { last: step.ms % 60 }));
      });
    },
  },
  /** The same, from some time ago on, while somebody else writes. */
  reopenSince: {
    weight: 1,
    run(world, step) {
      const client = world.client(step);
      const other = world.client({ who: step.who + 1 });
      const channel = streamOf(step);
      ifOpen(client, channel, () => {
        client.shut(channel);
        world.later(step.ms, () => client.open(channel, { since: client.now - step.ms * 10 }));
        for (let i = 0; i < 8; i++) world.later(step.ms + i * 5, () => other.publish(channel, 60, false));
      });
    },
  },
  /** A server ends a client's subscription, on whichever node that is; the client comes back after a while. */
  deny: {
    weight: 1,
    run(world, step) {
      const client = world.client(step);
      const isTransient = step.ms % 4 === 0;
      const channel = isTransient ? (TRANSIENTS[0] ?? "now/a") : streamOf(step);
      world.node(step).deny(client.name, channel);
      world.later(step.ms * 4, () => (isTransient ? client.listen(channel) : client.open(channel)));
    },
  },
  /** A client goes for good, and another one comes. */
  replace: {
    weight: 0.5,
    run(world, step) {
      world.replace(step.who);
    },
  },
  /** A client comes to a channel with presence, or goes from it. */
  attend: {
    weight: 1,
    run(world, step) {
      const client = world.client(step);
      const channel = PRESENT[step.ms % PRESENT.length] ?? "log/a";
      if (TRANSIENTS.includes(channel)) return client.listen(channel);
      if (client.streams.has(channel)) client.shut(channel);
      else client.open(channel);
    },
  },
};
