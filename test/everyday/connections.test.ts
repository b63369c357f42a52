/** What people ask in the first hour, about connections. Each test is the answer to its name. */
import { TidemarkError, cookies, method, stream, tidemark } from "tidemark";
import { connect } from "tidemark/client";
import { testApp } from "tidemark/testing";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { quiet, serve } from "../server/support/serve.js";

function sessions() {
  const known: Record<string, string> = { s1: "ann", s2: "bob" };
  const app = tidemark({
    ...quiet,
    authenticate: ({ token, request }) => {
      const id = known[cookies(request)["sid"] ?? token ?? ""];
      if (id === undefined) throw new TidemarkError("unauthorized", "please sign in");
      return { id, agent: request.headers["user-agent"], ip: request.ip };
    },
  })
    .channels({ "chat/:id": stream({ retain: { count: 10 } }) })
    .methods({
      me: method({ run: (_input, { user }) => user }),
      never: method({ run: () => new Promise<never>(() => {}) }),
    });
  const run = testApp(app);
  onTestFinished(() => run.close());
  return { app, run };
}

test("A10: know who it is by the session cookie, and the rest of the request", async () => {
  const { run } = sessions();
  const rt = run.connect({
    headers: { cookie: "theme=dark; sid=s1", "user-agent": "test" },
    ip: "203.0.113.7",
  });
  expect(await rt.call("me")).toEqual({ id: "ann", agent: "test", ip: "203.0.113.7" });
});

test("K5, N1: who is not signed in is told so, and does not try for ever", async () => {
  const { run } = sessions();
  const rt = run.connect();
  const statuses: string[] = [];
  rt.on("status", (status) => statuses.push(status));
  await run.pass("1h");
  expect(statuses).toEqual(["closed"]);
  expect(rt.reason).toMatchObject({ code: "unauthorized", message: "please sign in" });
});

test("N1: show whether we are connected", async () => {
  const { run } = sessions();
  const rt = run.connect({ token: "s1" });
  const seen: string[] = [rt.status];
  rt.on("status", (status) => seen.push(status));
  await run.settle();
  run.cut(rt);
  await run.pass("1m");
  rt.close();
  expect(seen).toEqual(["connecting", "online", "offline", "connecting", "online", "closed"]);
});

test("N15: a call that is not answered ends after a time of my choosing", async () => {
  const { run } = sessions();
  const rt = run.connect({ token: "s1", callTimeout: 2000 });
  const call = rt.call("never").catch((error: unknown) => error);
  await run.pass("2s");
  expect(await call).toMatchObject({ code: "outcome_unknown" });
});

test("A15: stop the server without losing anybody: clients come back to the next one", async () => {
  const make = () => tidemark(quiet).channels({ "chat/:id": stream({ retain: { count: 10 } }) });
  const [old, next] = [make(), make()];
  const { port } = await old.listen({ port: 0, host: "127.0.0.1" });
  const rt = connect<typeof old>(`ws://127.0.0.1:${port}/connect`, { backoff: { min: 10, max: 100 } });
  onTestFinished(() => rt.close());
  const chat = rt.stream("chat/:id", { id: "a" });
  await chat.ready;
  await old.close();
  onTestFinished(() => next.close());
  await next.listen({ port, host: "127.0.0.1" });
  const { offset } = await chat.publish("still here");
  expect(offset).toBeGreaterThan(0);
});

test("K14: let pages of another site connect, and no others", async () => {
  const app = tidemark({ ...quiet, origins: ["https://app.example.com"] });
  const { url } = await serve(app);
  const outcome = (origin: string): Promise<string> =>
    new Promise((resolve) => {
      const socket = new WebSocket(url, { origin });
      onTestFinished(() => socket.terminate());
      socket.on("open", () => socket.send('{"id":1,"connect":{}}'));
      socket.on("message", () => resolve("online"));
      socket.on("close", (code) => resolve(String(code)));
      socket.on("error", () => {});
    });
  expect(await outcome("https://app.example.com")).toBe("online");
  expect(await outcome("https://evil.example.com")).toBe("4501");
});

test("N19: a listener that throws stops nothing else", async () => {
  const { run } = sessions();
  const rt = run.connect({ token: "s1" });
  const told: unknown[] = [];
  rt.on("error", (error) => told.push(error.message));
  const chat = rt.stream("chat/:id", { id: "a" });
  const seen: unknown[] = [];
  chat.on("message", () => {
    throw new Error("a bug of mine");
  });
  chat.on("message", ({ data }) => seen.push(data));
  await chat.publish("hi");
  await run.settle();
  expect(seen).toEqual(["hi"]);
  expect(told).toEqual(["a listener threw: a bug of mine"]);
});
