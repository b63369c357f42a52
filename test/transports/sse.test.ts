/** Server-Sent Events: one channel for `EventSource` and curl. */
import { spawn } from "node:child_process";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { stream, tidemark, transient, TidemarkError } from "tidemark";
import { createMemoryHub, type MemoryHub } from "tidemark/broker";
import { eventsOf, type Event } from "./support/events.js";
import { listen, portOf } from "./support/servers.js";
import { ask, begin, type Stream } from "./support/http.js";

let hub: MemoryHub;
let url: string;
let publish: (channel: string, data: unknown) => Promise<{ offset: number }>;
let close: () => Promise<void>;

beforeEach(async () => {
  hub = createMemoryHub();
  const app = tidemark<{ id: string } | null>({
    broker: hub.broker(),
    authenticate: ({ token }) => {
      if (token === "mallory") throw new TidemarkError("banned", "not you");
      return token === undefined ? null : { id: token };
    },
  }).channels({
    "chat/:id": stream({ retain: { count: 3 }, presence: true }),
    "now/:id": transient(),
    "mine/:id": stream({ retain: { count: 3 }, allow: ({ user, params }) => user?.id === params.id }),
  });
  const server = await listen(app);
  onTestFinished(async () => {
    await app.close();
    server.close();
    server.closeAllConnections();
  });
  url = `http://127.0.0.1:${portOf(server)}/connect/sse`;
  publish = (channel, data) => app.publishTo(channel, data);
  close = () => app.close();
});

async function events(stream_: Stream, count: number, name = "message"): Promise<Event[]> {
  const found = (): Event[] => eventsOf(stream_.text).filter((event) => event.name === name);
  return stream_.until(() => (found().length >= count ? found() : undefined));
}

const open = (query: string, headers: Record<string, string> = {}): Promise<Stream> =>
  begin(`${url}?${query}`, { method: "GET", headers });

describe("an event stream", () => {
  test("H10: tells where it begins, and then every message with its cursor as id", async () => {
    const answer = await open("channel=chat/lobby");
    expect(answer.headers["content-type"]).toBe("text/event-stream; charset=utf-8");
    const [began] = await events(answer, 1, "subscribed");
    expect(began?.data).toMatchObject({ kind: "stream", presence: true });
    const epoch = began?.id?.split(":")[0];
    const { offset } = await publish("chat/lobby", { text: "line\nbreak" });
    const [message] = await events(answer, 1);
    expect(message).toEqual({
      name: "message",
      id: `${epoch}:${offset}`,
      data: { data: { text: "line\nbreak" } },
    });
    expect(answer.text).toMatch(/^: {2048}\nretry: \d+\n\n/);
  });

  test("H10: goes on from Last-Event-ID", async () => {
    const first = await open("channel=chat/lobby");
    await events(first, 1, "subscribed");
    await publish("chat/lobby", 1);
    const [{ id } = { id: undefined }] = await events(first, 1);
    first.drop();
    await publish("chat/lobby", 2);
    await publish("chat/lobby", 3);
    const again = await open("channel=chat/lobby&last=3", { "last-event-id": id ?? "" });
    const messages = await events(again, 2);
    expect(messages.map(({ data }) => data["data"])).toEqual([2, 3]);
  });

  test("H10: begins back in the log where it is asked to", async () => {
    for (const n of [1, 2, 3]) await publish("chat/lobby", n);
    const answer = await open("channel=chat/lobby&last=2");
    expect((await events(answer, 2)).map(({ data }) => data["data"])).toEqual([2, 3]);
    expect((await events(answer, 1, "subscribed"))[0]?.data).toMatchObject({ complete: true });
  });

  test("H10: has a gap as an event of that name, whose id goes on behind it", async () => {
    const first = await open("channel=chat/lobby");
    const [began] = await events(first, 1, "subscribed");
    first.drop();
    const offsets: number[] = [];
    for (const n of [1, 2, 3, 4, 5]) offsets.push((await publish("chat/lobby", n)).offset);
    const again = await open("channel=chat/lobby", { "last-event-id": began?.id ?? "" });
    const [gap] = await events(again, 1, "gap");
    expect(gap?.data).toMatchObject({ reason: "trimmed", until: offsets[1] });
    expect(gap?.id).toBe(`${String(gap?.data["epoch"])}:${offsets[1]}`);
    expect((await events(again, 3)).map(({ data }) => data["data"])).toEqual([3, 4, 5]);
  });

  test("H10: of a channel without a log has no ids", async () => {
    const answer = await open("channel=now/a");
    const [began] = await events(answer, 1, "subscribed");
    await publish("now/a", "hi");
    const [message] = await events(answer, 1);
    expect([began?.id, message]).toEqual([
      undefined,
      { name: "message", id: undefined, data: { data: "hi" } },
    ]);
  });

  test("H10: tells who comes and goes, and what is bytes", async () => {
    const ann = await open("channel=chat/lobby&token=ann");
    await events(ann, 1, "join");
    const bob = await open("channel=chat/lobby", { authorization: "Bearer bob" });
    const joins = await events(ann, 2, "join");
    expect(joins[1]?.data).toMatchObject({ members: [{ id: "bob" }] });
    await publish("chat/lobby", Uint8Array.from([0, 10, 255]));
    expect((await events(bob, 1))[0]?.data).toEqual({ base64: "AAr/" });
  });

  test("H10: ends with an event that says why", async () => {
    const answer = await open("channel=chat/lobby");
    await events(answer, 1, "subscribed");
    await close();
    expect((await events(answer, 1, "close"))[0]?.data).toEqual({
      close: 4000,
      reason: "the server is stopping",
    });
  });

  test.each([
    ["no channel", "", 400, { code: "bad_request" }],
    ["a name that is none", "channel=a%00b", 400, { code: "bad_request" }],
    ["no such channel", "channel=nothing", 404, { code: "not_found" }],
    ["a channel of somebody else", "channel=mine/ann&token=bob", 403, { code: "forbidden" }],
    ["a token that is refused", "channel=chat/lobby&token=mallory", 401, { code: "banned" }],
    ["a start that is none", "channel=chat/lobby&last=many", 400, { code: "bad_request" }],
    ["two starts", "channel=chat/lobby&last=1&since=1", 400, { code: "bad_request" }],
    ["a cursor that is none", "channel=chat/lobby&cursor=here", 400, { code: "bad_request" }],
  ])("H5: %s", async (_what, query, status, error) => {
    const answer = await ask(`${url}?${query}`, { method: "GET" });
    expect(answer.status).toBe(status);
    expect(answer.lines[0]).toMatchObject({ error });
  });
});

test("H10: curl -N shows messages as they come", async () => {
  const curl = spawn("curl", ["-sN", `${url}?channel=chat/lobby`], { stdio: ["ignore", "pipe", "ignore"] });
  onTestFinished(() => void curl.kill());
  let text = "";
  curl.stdout.on("data", (data: Buffer) => (text += data.toString()));
  const missing = new Promise<boolean>((resolve) => {
    curl.once("error", () => resolve(true));
    curl.once("spawn", () => resolve(false));
  });
  if (await missing) return;
  await expect.poll(() => text).toContain("event: subscribed");
  for (const n of [1, 2, 3]) {
    await publish("chat/lobby", { text: `message ${n}` });
    await expect.poll(() => text).toContain(`data: {"data":{"text":"message ${n}"}}\n\n`);
  }
});
