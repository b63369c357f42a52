/** The HTTP transport by itself, over a platform that answers as the test says, in virtual time. */
import { expect, test } from "vitest";
import { VirtualClock } from "tidemark/testing";
import type { TransportEvents } from "../../src/client/transport.js";
import type { Answer, Part } from "../../src/client/transports/http-answer.js";
import { httpTransport } from "../../src/client/transports/http.js";

const never = new Promise<never>(() => {});

/** An answer that begins with these texts, a read each, and goes on for ever. */
function answer(...texts: string[]): Answer {
  const parts = texts.map((text): Part => ({ done: false, value: Buffer.from(text) }));
  const read = (): Promise<Part> => {
    const part = parts.shift();
    return part === undefined ? never : Promise.resolve(part);
  };
  return {
    status: 200,
    headers: new Headers({ "content-type": "application/x-ndjson" }),
    body: { getReader: () => ({ read }) },
  };
}

test.each([
  ["in a read of its own", [`${" ".repeat(2048)}\n`, '{"id":1,"ok":{"client":"c","ping":8000}}\n\n']],
  ["in one read with its padding", [`${" ".repeat(2048)}\n{"id":1,"ok":{"client":"c","ping":8000}}\n\n`]],
])(
  "N4: commands that are not answered for ping and 10 seconds end it, when the connect's answer came %s",
  async (_how, texts) => {
    const clock = new VirtualClock();
    const closed: [number, string][] = [];
    const events: TransportEvents = {
      open: () => transport.send('{"id":1,"connect":{"subs":{}}}'),
      frame: () => transport.send('{"id":2,"call":"echo"}'),
      close: (code, reason) => void closed.push([code, reason]),
      idle: () => {},
      over: () => {},
      better: () => {},
    };
    const transport = httpTransport("ws://server/connect", events, "stream", undefined, {
      fetch: (address) => (address.pathname.endsWith("/stream") ? Promise.resolve(answer(...texts)) : never),
      performance: { now: () => clock.monotonic() },
      setTimeout: (run, ms) => clock.setTimeout(run, ms),
      clearTimeout: (timer) => clock.clearTimeout(timer),
    });
    await clock.advance(18_999);
    expect(closed).toEqual([]);
    await clock.advance(1);
    expect(closed).toEqual([[1006, "no answer"]]);
  },
);

test("N25: commands wait for those before them, and not for lines that are none, such as inputs of a room", async () => {
  const clock = new VirtualClock();
  const bodies: unknown[] = [];
  const idle: boolean[] = [];
  let finish: ((answer: Answer) => void)[] = [];
  const events: TransportEvents = {
    open: () => transport.send('{"id":1,"connect":{"subs":{}}}'),
    frame: () => {},
    close: () => {},
    // What waits for this is sent behind the inputs, in the same request.
    idle: () => {
      idle.push(transport.idle?.() ?? false);
      if (idle.length === 1) transport.send('{"id":2,"publish":"a","data":1}');
    },
    over: () => {},
    better: () => {},
  };
  const transport = httpTransport("ws://server/connect", events, "stream", undefined, {
    fetch: (address, { body }) => {
      if (address.pathname.endsWith("/stream"))
        return Promise.resolve(answer('{"id":1,"ok":{"client":"c","ping":8000}}\n\n'));
      bodies.push(body);
      return new Promise((resolve) => finish.push(resolve));
    },
    performance: { now: () => clock.monotonic() },
    setTimeout: (run, ms) => clock.setTimeout(run, ms),
    clearTimeout: (timer) => clock.clearTimeout(timer),
  });
  const answered = async (): Promise<void> => {
    const parts: Part[] = [{ done: false, value: Buffer.from("{}\n\n") }, { done: true }];
    const read = (): Promise<Part> => Promise.resolve(parts.shift() ?? { done: true });
    const all = finish;
    finish = [];
    for (const resolve of all)
      resolve({
        status: 200,
        headers: new Headers({ "content-type": "application/x-ndjson" }),
        body: { getReader: () => ({ read }) },
      });
    await clock.settle();
  };
  await clock.settle();
  transport.send("[3,1,{}]");
  transport.send("[3,2,{}]");
  await clock.settle();
  await answered();
  transport.send("[3,3,{}]");
  await answered();
  const head = '{"connect":{}}';
  expect(idle).toEqual([true, true]);
  expect(bodies).toEqual([
    `${head}\n[3,1,{}]`,
    `${head}\n[3,2,{}]\n{"id":2,"publish":"a","data":1}`,
    `${head}\n[3,3,{}]`,
  ]);
});
