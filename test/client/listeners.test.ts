import { expect, test } from "vitest";
import { World, collect, streamAt } from "./world.js";

test("N19: a listener that throws stops nothing, and is told", async () => {
  const world = new World();
  const errors = collect<{ code: string; cause?: unknown }>();
  world.client.on("error", errors.add);
  const chat = world.client.stream("a");
  const seen = collect<unknown>();
  const broken = new Error("oops");
  chat.on("message", () => {
    throw broken;
  });
  chat.on("message", (message) => seen.add(message.data));
  world.client.stream("a").on("message", (message) => seen.add(message.data));
  await world.online({ a: streamAt(1, 0) }, [
    [1, 1, "x"],
    [1, 2, "y"],
  ]);
  expect(seen.all).toEqual(["x", "x", "y", "y"]);
  expect(errors.all).toMatchObject([
    { code: "handler_failed", message: "a listener threw: oops", cause: broken },
    { code: "handler_failed", cause: broken },
  ]);
  expect(world.client.status).toBe("online");
});

test("N19: with nobody listening an error is reported, not swallowed", async () => {
  const world = new World();
  world.client.on("status", () => {
    throw new Error("oops");
  });
  await world.online();
  expect(world.reports).toMatchObject([{ code: "handler_failed" }]);
});

test("an error listener that throws is reported", async () => {
  const world = new World();
  const off = world.client.on("error", () => {
    throw new Error("oops");
  });
  world.client.stream("a");
  await world.online({ a: { error: { code: "not_found", message: "", retry: false } } });
  off();
  expect(world.reports).toMatchObject([{ code: "handler_failed" }]);
});

test("a listener is taken off by its own function, also while it is being called", async () => {
  const world = new World();
  const chat = world.client.stream("a");
  const seen = collect<string>();
  const listener = () => seen.add("both");
  chat.on("message", listener);
  const off = chat.on("message", listener);
  const once = chat.on("message", () => {
    seen.add("once");
    once();
  });
  await world.online({ a: streamAt(1, 0) }, [[1, 1, 0]]);
  off();
  off();
  world.link.say([1, 2, 0]);
  expect(seen.all).toEqual(["both", "both", "once", "both"]);
});

test("closing the client in a listener ends the frame there", async () => {
  const world = new World();
  const chat = world.client.stream("a");
  const seen = collect<unknown>();
  chat.on("message", (message) => {
    seen.add(message.data);
    world.client.close();
  });
  await world.online({ a: streamAt(1, 0) }, [
    [1, 1, "x"],
    [1, 2, "y"],
  ]);
  expect(seen.all).toEqual(["x"]);
});

test("closing the client when it says offline leaves nothing running", async () => {
  const world = new World();
  world.client.on("status", (status) => status === "offline" && world.client.close());
  await world.online();
  world.link.cut();
  await world.pass(60_000);
  expect(world.links).toHaveLength(1);
  expect(world.client.status).toBe("closed");
});

test.each([undefined, null, "render", {}])("N39: %j is no listener, and refused at once", (listener) => {
  const world = new World();
  const chat = world.client.stream("a");
  expect(() => world.client.on("error", listener as never)).toThrow('on("error", …) takes a function');
  expect(() => chat.on("message", listener as never)).toThrow(expect.objectContaining({ code: "invalid" }));
});
