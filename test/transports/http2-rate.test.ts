/** Requests over HTTP/2 above their rate. */
import { once } from "node:events";
import { connect, createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { stream, tidemark } from "tidemark";
import { expect, onTestFinished, test } from "vitest";

test("H46, H16: over HTTP/2 a refusal is said, and the socket that many share goes on", async () => {
  const errors: unknown[] = [];
  const log = { info() {}, warn() {}, error: (fields: object) => void errors.push(fields) };
  const app = tidemark({ log, limits: { commands: { perSecond: 1, burst: 1 } } }).channels({
    "log/:id": stream(),
  });
  const server = createServer();
  app.attach(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  onTestFinished(async () => {
    session.destroy();
    await app.close();
    server.close();
  });
  const poll = async (): Promise<string> => {
    const asked = session.request({ ":method": "POST", ":path": "/connect/poll?wait=0" });
    let text = "";
    asked.setEncoding("utf8").on("data", (data: string) => (text += data));
    asked.end('{"connect":{"publisher":"aaaaaaaaaaaaaaaaaaaa"}}');
    await once(asked, "end");
    return text;
  };
  const answers = [await poll(), await poll(), await poll()];
  expect(answers.map((answer) => answer.includes("rate_limited"))).toEqual([false, true, true]);
  expect(errors).toEqual([]);
});
