// @vitest-environment jsdom
/** The client in a page of jsdom: parts of the platform are missing, and parts are of another world than `fetch` is. */
import { method, stream, tidemark } from "tidemark";
import { type TransportName, connect } from "tidemark/client";
import { expect, onTestFinished, test } from "vitest";
import { quiet, serve } from "../server/support/serve.js";

const WAYS: readonly TransportName[] = ["poll", "stream"];

test.each(WAYS)("N31: in jsdom the client publishes, calls and hears over %s", async (way) => {
  expect(navigator.userAgent).toContain("jsdom");
  const app = tidemark(quiet)
    .channels({ "any/:id": stream({ retain: { count: 10 } }) })
    .methods({ twice: method({ run: (n) => Number(n) * 2 }) });
  const { url } = await serve(app);
  const rt = connect<typeof app>(url, { transports: [way] });
  onTestFinished(() => rt.close());
  const statuses: string[] = [];
  rt.on("status", (status) => statuses.push(status));
  const chat = rt.stream("any/:id", { id: "a" });
  const heard: unknown[] = [];
  const all = new Promise<void>((resolve, reject) => {
    rt.on("status", (status) => status === "closed" && reject(rt.reason));
    chat.on("message", ({ data }) => heard.push(data) === 3 && resolve());
  });
  await Promise.all([
    chat.publish({ text: "é" }),
    chat.publish(new Uint8Array([1, 10, 2])),
    chat.publish("z"),
    all,
  ]);
  expect(heard).toEqual([{ text: "é" }, new Uint8Array([1, 10, 2]), "z"]);
  expect(await rt.call("twice", 21)).toBe(42);
  expect(statuses).toEqual(["online"]);
});
