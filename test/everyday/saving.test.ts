/** Saving to a database first, as docs/guide/saving.md does it: what a publish brings is saved once and is in the log once. */
import { Pool } from "pg";
import { stream, tidemark, type App } from "tidemark";
import { connect } from "tidemark/client";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { CuttableProxy, type ProxiedConnection } from "../../bench/soak/cuttable-proxy.js";
import { deferred, quiet } from "../server/support/serve.js";
import { hasPostgres, startPostgres, type Postgres } from "./support/postgres.js";

interface Message {
  readonly id: number;
  readonly text: string;
}

/** The recipe; `saved` is called between saving and appending. */
function savingApp(db: Pool, saved: (call: number) => Promise<void> | void) {
  let calls = 0;
  return tidemark(quiet).channels({
    "chat/:id": stream({
      retain: { count: 100 },
      onPublish: async ({ data, key }) => {
        const { rows } = await db.query<Message>(
          `insert into messages (key, text) values ($1, $2)
           on conflict (key) do update set key = excluded.key
           returning id, text`,
          [key, (data as Message).text],
        );
        await saved(++calls);
        return rows[0];
      },
    }),
  });
}

async function serveThroughProxy(app: App<never, never>) {
  const { port } = await app.listen({ port: 0, host: "127.0.0.1" });
  const links: ProxiedConnection[] = [];
  const proxy = await CuttableProxy.start(port, (link) => links.push(link));
  onTestFinished(async () => {
    proxy.close();
    await app.close();
  });
  return { url: `ws://127.0.0.1:${proxy.port}/connect`, cut: () => links.forEach((link) => link.cut()) };
}

describe.skipIf(!hasPostgres)("a hook that saves to PostgreSQL first", () => {
  let postgres: Postgres;
  let db: Pool;

  beforeAll(async () => {
    postgres = await startPostgres();
    db = new Pool({ host: postgres.host, user: "postgres", database: "postgres" });
    // Connections that it lets go of may still be there when the server ends.
    db.on("error", () => {});
    await db.query(
      "create table messages (id serial primary key, key text unique not null, text text not null)",
    );
  });
  afterAll(async () => {
    await db?.end();
    await postgres?.stop();
  });

  const rowsOf = async (text: string): Promise<Message[]> =>
    (await db.query<Message>("select id, text from messages where text = $1", [text])).rows;

  test("A5: saves once what is cut off in mid-hook, and it is in the log once", async () => {
    const [saved, goOn] = [deferred(), deferred()];
    const app = savingApp(db, (call) => {
      if (call > 1) return undefined;
      saved.resolve();
      return goOn.promise;
    });
    const { url, cut } = await serveThroughProxy(app as unknown as App<never, never>);
    const rt = connect<typeof app>(url);
    onTestFinished(() => rt.close());
    const chat = rt.stream("chat/:id", { id: "a" }, { last: 10 });
    const published = chat.publish({ text: "once" });
    await saved.promise;
    cut();
    // The client comes back and sends it again; the first try is still in its hook.
    const { offset } = await published;
    goOn.resolve();
    await chat.publish({ text: "then" });
    const { messages } = await chat.history();
    const rows = await rowsOf("once");
    expect(rows).toHaveLength(1);
    expect(messages.map(({ offset: at, data }) => [at, data])).toEqual([
      [offset, rows[0]],
      [expect.any(Number), (await rowsOf("then"))[0]],
    ]);
  });

  test("A5: what was saved is in the log, though its client never comes back", async () => {
    const [saved, goOn] = [deferred(), deferred()];
    const app = savingApp(db, () => {
      saved.resolve();
      return goOn.promise;
    });
    const { url, cut } = await serveThroughProxy(app as unknown as App<never, never>);
    const [gone, other] = [connect<typeof app>(url), connect<typeof app>(url)];
    onTestFinished(() => other.close());
    void gone
      .stream("chat/:id", { id: "b" })
      .publish({ text: "left behind" })
      .catch(() => {});
    await saved.promise;
    gone.close();
    cut();
    const heard = new Promise((resolve) => {
      other.stream("chat/:id", { id: "b" }, { last: 10 }).on("message", ({ data }) => resolve(data));
    });
    goOn.resolve();
    expect(await heard).toEqual((await rowsOf("left behind"))[0]);
  });
});
