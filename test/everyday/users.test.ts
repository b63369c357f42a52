/** What people ask in the first hour, about users. Each test is the answer to its name. */
import { TidemarkError, stream, tidemark } from "tidemark";
import { createMemoryHub, type Broker } from "tidemark/broker";
import { connect } from "tidemark/client";
import { testApp } from "tidemark/testing";
import { expect, onTestFinished, test } from "vitest";
import { quiet, serve } from "../server/support/serve.js";

function usersApp(broker?: Broker) {
  const ends: string[] = [];
  const app = tidemark({
    ...quiet,
    ...(broker !== undefined && { broker }),
    authenticate: ({ token = "nobody" }) => {
      if (token === "eve") throw new TidemarkError("banned", "not you again");
      return { id: token };
    },
    subscriptions: ({ user }) => [`user/${user.id}`, "nothing/of/that/name"],
    onConnect: ({ user }) => {
      if (user.id === "nobody") throw new TidemarkError("unauthorized", "who are you?");
    },
    onDisconnect: ({ user, reason }) => void ends.push(`${user.id}: ${reason}`),
  }).channels({
    "user/:id": stream({ retain: { count: 100 }, allow: () => false }),
    "room/:id": stream({
      retain: { count: 100 },
      presence: true,
      allow: ({ user, params }) => params.id !== "secret" || user.id === "bob",
    }),
    "full/:id": stream({
      onSubscribe: () => {
        throw new TidemarkError("full", "this room is full");
      },
    }),
  });
  return { app, ends };
}

function running() {
  const { app, ends } = usersApp();
  const run = testApp(app);
  onTestFinished(() => run.close());
  return { app, run, ends };
}

test("A21, S13: send to one user on every device", async () => {
  const { app, run } = running();
  const seen: string[] = [];
  for (const [device, token] of [
    ["page", "ann"],
    ["phone", "ann"],
    ["other", "bob"],
  ] as const) {
    const own = run.connect({ token }).stream(`user/${token}`);
    own.on("message", ({ data }) => seen.push(`${device}: ${String(data)}`));
    await own.ready;
  }
  await app.user("ann").publish("user/:id", "you were mentioned");
  await run.settle();
  expect(seen.sort()).toEqual(["page: you were mentioned", "phone: you were mentioned"]);
});

test("A21, G4: and on every server", async () => {
  const hub = createMemoryHub();
  const [here, there] = [usersApp(hub.broker()).app, usersApp(hub.broker()).app];
  const { url } = await serve(there);
  await serve(here);
  const ann = connect(url, { token: "ann" });
  onTestFinished(() => ann.close());
  ann.on("error", () => {});
  const room = ann.stream("room/secret");
  await expect(room.ready).rejects.toMatchObject({ code: "forbidden" });
  const back = new Promise((resolve) => room.on("subscribed", resolve));
  await here.user("ann").subscribe("room/secret");
  await back;
  const kicked = new Promise((resolve) => room.on("unsubscribed", resolve));
  await here.user("ann").unsubscribe("room/secret", "it is over");
  expect(await kicked).toMatchObject({ code: "forbidden", message: "it is over" });
  const closed = new Promise((resolve) => ann.on("status", resolve));
  await here.disconnect("ann", "good night");
  expect(await closed).toBe("closed");
  expect(ann.reason).toMatchObject({ code: "disconnected", message: "good night" });
});

test("N23, S13, C20: nothing is lost on a channel that the server subscribed, before and after a reconnect", async () => {
  const { app, run } = running();
  const ann = run.connect({ token: "ann" });
  await run.settle();
  await app.user("ann").publish("user/:id", 1);
  await run.settle();
  // The page gets to it only now.
  const own = ann.stream("user/:id", { id: "ann" });
  const seen: unknown[] = [];
  own.on("message", ({ data }) => seen.push(data));
  await own.ready;
  await run.settle();
  expect(seen).toEqual([1]);
  run.cut();
  await app.user("ann").publish("user/:id", 2);
  await run.pass("1s");
  await app.user("ann").publish("user/:id", 3);
  await run.settle();
  expect(seen).toEqual([1, 2, 3]);
  expect(run.errors).toEqual([]);
});

test("A21, S13: subscribe a user from the server, and end that again: their pages are told", async () => {
  const { app, run } = running();
  const ann = run.connect({ token: "ann" });
  const room = ann.stream("room/:id", { id: "secret" });
  room.on("error", () => {});
  await expect(room.ready).rejects.toMatchObject({ code: "forbidden" });
  const seen: unknown[] = [];
  room.on("subscribed", () => seen.push("subscribed"));
  room.on("unsubscribed", ({ message }) => seen.push(message));
  room.on("message", ({ data }) => seen.push(data));
  await app.user("ann").subscribe("room/secret");
  await run.settle();
  await app.publishTo("room/secret", "welcome");
  await run.settle();
  await app.user("ann").unsubscribe("room/secret", "that was all");
  await run.settle();
  await app.publishTo("room/secret", "not for ann");
  await run.settle();
  expect(seen).toEqual(["subscribed", "welcome", "that was all"]);
});

test("S13, A3: nobody else may read what the server gives one user", async () => {
  const { run } = running();
  await expect(run.connect({ token: "bob" }).stream("user/:id", { id: "ann" }).ready).rejects.toMatchObject({
    code: "forbidden",
  });
});

test("S15: throw somebody out of a room", async () => {
  const { app, run } = running();
  const room = run.connect({ token: "ann" }).stream("room/:id", { id: "a" });
  await room.ready;
  await run.settle();
  expect(room.members).toEqual([{ id: "ann" }]);
  const bob = run.connect({ token: "bob" }).stream("room/:id", { id: "a" });
  await bob.ready;
  const seen: unknown[] = [];
  room.on("message", ({ data }) => seen.push(data));
  const told = new Promise((resolve) => room.on("unsubscribed", resolve));
  await app.user("ann").unsubscribe("room/a", "be nice", "kicked");
  expect(await told).toMatchObject({ code: "kicked", message: "be nice", channel: "room/a" });
  await bob.publish("she is gone");
  await run.settle();
  expect(seen).toEqual([]);
  expect(bob.members).toEqual([{ id: "bob" }]);
});

test("A14: log a user out everywhere, and keep them out", async () => {
  const { app, run, ends } = running();
  const pages = [run.connect({ token: "ann" }), run.connect({ token: "ann" })];
  const bob = run.connect({ token: "bob" });
  await run.settle();
  await app.user("ann").disconnect("logged out");
  await run.pass("1m");
  expect(pages.map(({ status, reason }) => [status, reason?.message])).toEqual([
    ["closed", "logged out"],
    ["closed", "logged out"],
  ]);
  expect(bob.status).toBe("online");
  expect(ends).toEqual(["ann: logged out", "ann: logged out"]);
  const eve = run.connect({ token: "eve" });
  await run.settle();
  expect(eve.reason).toMatchObject({ code: "banned", message: "not you again" });
});

test.each(["websocket", "stream", "poll"] as const)(
  "H42, S15: take a channel from a user at any moment, however they are connected (%s)",
  async (transport) => {
    const { app } = usersApp();
    const { url } = await serve(app);
    const ann = connect(url, { token: "ann", transports: [transport] });
    onTestFinished(() => ann.close());
    for (let n = 0; n < 5; n++) {
      const room = ann.stream(`room/${n}`);
      const told = new Promise((resolve) => room.on("unsubscribed", resolve));
      await room.ready;
      // With a message a poll is over.
      if (n > 0) await app.publishTo(`room/${n}`, "hi");
      await app.user("ann").unsubscribe(`room/${n}`, "it is over");
      expect(await told).toMatchObject({ code: "forbidden", message: "it is over" });
    }
  },
);

test.each(["stream", "poll"] as const)(
  "N18, K20: a token that expires between two requests is found out with the next (%s)",
  async (transport) => {
    let good = "old";
    const app = tidemark({
      ...quiet,
      http: { stream: 50, poll: 50 },
      authenticate: ({ token = "" }) => {
        if (token !== good) throw new TidemarkError("token_expired", "it has expired");
        return { id: "ann" };
      },
    }).channels({ "room/:id": stream({ retain: { count: 100 } }) });
    const { url } = await serve(app);
    const options = { transports: [transport] } as const;
    const renewing = connect(url, { ...options, token: async () => good });
    const fixed = connect(url, { ...options, token: "old", environment: { report() {} } });
    onTestFinished(() => [renewing, fixed].forEach((client) => client.close()));
    const room = renewing.stream("room/a");
    const got = new Promise((resolve) => room.on("message", ({ data }) => resolve(data)));
    await Promise.all([room.ready, fixed.stream("room/a").ready]);
    const over = new Promise((resolve) =>
      fixed.on("status", (status) => status === "closed" && resolve(status)),
    );
    good = "new";
    await over;
    expect(fixed.reason).toMatchObject({ code: "token_expired" });
    await app.publishTo("room/a", "still here");
    expect(await got).toBe("still here");
  },
);

test("A11: why a connection has ended", async () => {
  const { run, ends } = running();
  const ann = run.connect({ token: "ann" });
  const bob = run.connect({ token: "bob" });
  await run.settle();
  ann.close();
  run.cut(bob);
  await run.settle();
  expect(ends).toEqual(["ann: 1000", "bob: 1006"]);
});

test("K5: refuse a connection, and say why", async () => {
  const { run } = running();
  const nobody = run.connect();
  await run.settle();
  expect(nobody.status).toBe("closed");
  expect(nobody.reason).toMatchObject({ code: "unauthorized", message: "who are you?" });
});

test("S9: refuse a subscription, and say why", async () => {
  const { run } = running();
  const room = run.connect({ token: "ann" }).stream("full/:id", { id: "a" });
  await expect(room.ready).rejects.toMatchObject({ code: "full", message: "this room is full" });
});

test("A21: there are only channels that there are", async () => {
  const { app } = running();
  await expect(app.user("ann").subscribe("nothing")).rejects.toMatchObject({ code: "not_found" });
});
