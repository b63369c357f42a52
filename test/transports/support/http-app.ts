/** An app for bare HTTP requests, new for each test. */
import { expect, onTestFinished } from "vitest";
import { bytes, method, stream, tidemark, TidemarkError, type AppOptions } from "tidemark";

type Options = Partial<AppOptions<{ id: string } | null>>;

function appWith(options: Options) {
  return tidemark<{ id: string } | null>({
    log: { info() {}, warn() {}, error: (_fields, message) => expect.fail(message) },
    authenticate: ({ token }) => {
      if (token === "mallory") throw new TidemarkError("banned", "not you");
      if (token === "late") throw new TidemarkError("busy", "later", { retry: true, after: 1500 });
      return token === undefined ? null : { id: token };
    },
    ...options,
  })
    .channels({
      "log/:id": stream({ retain: { count: 10_000 } }),
      "room/:id": stream({ retain: { count: 10 }, presence: true }),
      "files/:id": stream({ message: bytes(), retain: { count: 10 } }),
      "closed/:id": stream({ allow: () => false }),
    })
    .methods({
      echo: method({ run: (value: unknown) => value }),
      never: method({ run: () => new Promise<never>(() => {}) }),
    });
}

/** The one that was served last, and where. */
export let app: ReturnType<typeof appWith>;
export let url: string;

/** Serves a new app until the test is over. */
export async function serve(options: Options = {}): Promise<void> {
  const own = (app = appWith(options));
  const { port } = await own.listen({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => own.close());
  url = `http://127.0.0.1:${port}/connect`;
}

/** Asks for everything of log/a. */
export const CONNECT = { id: 1, connect: { subs: { "log/a": {} } } };

/** Asks for these channels. */
export const SUBS = (names: string[]) => ({
  id: 1,
  connect: { subs: Object.fromEntries(names.map((n) => [n, {}])) },
});
