/** Hooks that do not settle. */
import { testApp } from "tidemark/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { stream, tidemark } from "../../../src/server/index.js";
import { listeningLogger } from "../support/serve.js";

describe("a hook", () => {
  it.each(["authenticate", "onConnect", "allow", "onSubscribe", "onPublish"] as const)(
    "A22: a hook that does not settle is named in the log, once: %s",
    async (hook) => {
      const log = listeningLogger();
      const never = (name: string) => (name === hook ? new Promise<never>(() => {}) : undefined);
      const app = tidemark({
        log,
        authenticate: async () => (await never("authenticate")) ?? { id: "ann" },
        onConnect: () => never("onConnect"),
      }).channels({
        "chat/:id": stream({
          allow: () => never("allow") ?? true,
          onSubscribe: () => never("onSubscribe"),
          onPublish: ({ data }) => never("onPublish") ?? data,
        }),
      });
      const run = testApp(app);
      onTestFinished(() => run.close());
      for (const id of ["a", "b"]) {
        const chat = run.connect({ connectTimeout: 600_000 }).stream("chat/:id", { id });
        for (const promise of [chat.ready, chat.publish(1)]) promise.catch(() => {});
      }
      await run.pass("2s");
      expect(log.lines).toEqual([]);
      await run.pass("60s");
      const told = log.lines.filter((line) => JSON.stringify(line).includes("has not settled"));
      expect(told).toHaveLength(1);
      expect(JSON.stringify(told)).toContain(JSON.stringify(hook));
    },
  );
});
