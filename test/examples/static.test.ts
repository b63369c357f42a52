import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { createServer, request, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serveStatic } from "../../examples/static.js";

let folder: string;
let server: Server;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tidemark-static-"));
  mkdirSync(join(folder, "landing/assets"), { recursive: true });
  mkdirSync(join(folder, "chat"));
  mkdirSync(join(folder, "landing-secret"));
  writeFileSync(join(folder, "secret.txt"), "secret");
  writeFileSync(join(folder, "landing-secret/secret.txt"), "secret");
  writeFileSync(join(folder, "landing/index.html"), "<p>landing</p>");
  writeFileSync(join(folder, "landing/a file.txt"), "a file");
  writeFileSync(join(folder, "landing/empty.css"), "");
  writeFileSync(join(folder, "landing/strange.xyz"), "strange");
  writeFileSync(join(folder, "landing/assets/main.js"), "main();");
  writeFileSync(join(folder, "landing/assets/mark.svg"), "<svg/>");
  writeFileSync(join(folder, "chat/index.html"), "<p>chat</p>");
  symlinkSync(join(folder, "secret.txt"), join(folder, "landing/way-out.txt"));
  const mounts = { "/": join(folder, "landing"), "/chat/": join(folder, "chat") };
  const handle = serveStatic(mounts);
  server = createServer((incoming, outgoing) => void handle(incoming, outgoing));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A request with exactly this path: unlike fetch, it does not tidy it up. */
async function get(
  path: string,
  { method = "GET", headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const asked = request({ port, host: "127.0.0.1", path, method, headers }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (body += chunk));
      response.on("end", () => {
        resolve({ status: response.statusCode, headers: response.headers, body });
      });
    });
    asked.on("error", reject);
    asked.end();
  });
}

describe("the static server", () => {
  test.each([
    ["/", "text/html; charset=utf-8", "<p>landing</p>"],
    ["/?from=mail", "text/html; charset=utf-8", "<p>landing</p>"],
    ["/index.html", "text/html; charset=utf-8", "<p>landing</p>"],
    ["/chat/", "text/html; charset=utf-8", "<p>chat</p>"],
    ["/assets/main.js", "text/javascript; charset=utf-8", "main();"],
    ["/assets/mark.svg", "image/svg+xml", "<svg/>"],
    ["/a%20file.txt", "text/plain; charset=utf-8", "a file"],
    ["/empty.css", "text/css; charset=utf-8", ""],
    ["/strange.xyz", "application/octet-stream", "strange"],
  ])("gives %s as %s", async (path, type, body) => {
    const answer = await get(path);
    expect(answer).toMatchObject({ status: 200, body });
    expect(answer.headers).toMatchObject({
      "content-type": type,
      "content-length": String(Buffer.byteLength(body)),
      "cache-control": "no-cache",
      "x-content-type-options": "nosniff",
    });
    expect(answer.headers["content-security-policy"]).toContain("default-src 'self'");
  });

  test("sends a folder's address on to the one with a slash", async () => {
    const answer = await get("/chat");
    expect(answer.status).toBe(308);
    expect(answer.headers.location).toBe("/chat/");
  });

  test("answers HEAD without the body", async () => {
    const answer = await get("/index.html", { method: "HEAD" });
    expect(answer).toMatchObject({ status: 200, body: "" });
    expect(answer.headers["content-length"]).toBe("14");
  });

  test("says that a file is unchanged, until it is not", async () => {
    const first = await get("/a%20file.txt");
    const headers = { "if-none-match": `"other", W/${String(first.headers.etag)}` };
    expect(await get("/a%20file.txt", { headers })).toMatchObject({ status: 304, body: "" });
    utimesSync(join(folder, "landing/a file.txt"), 1, 1);
    expect(await get("/a%20file.txt", { headers })).toMatchObject({ status: 200, body: "a file" });
  });

  test.each([
    "/nothing.html",
    "/assets",
    "/assets/",
    "/chat/assets/main.js",
    "/index.html/",
    "//etc/passwd",
    "//chat/",
    "/landing/index.html",
  ])("has nothing at %s", async (path) => {
    expect(await get(path)).toMatchObject({ status: 404, body: "not found\n" });
  });

  test.each([
    "/../secret.txt",
    "/assets/../../secret.txt",
    "/..%2fsecret.txt",
    "/%2e%2e/secret.txt",
    "/%2e%2e%2fsecret.txt",
    "/..%5csecret.txt",
    "/..\\secret.txt",
    "/chat/../../secret.txt",
    "/../landing-secret/secret.txt",
    "/./index.html",
    "/index.html%00.txt",
    "/%",
    "/%c0%ae%c0%ae/secret.txt",
    "*",
  ])("refuses %s", async (path) => {
    expect(await get(path)).toMatchObject({ status: 400 });
  });

  test("does not follow a link out of its folder", async () => {
    expect(await get("/way-out.txt")).toMatchObject({ status: 404 });
  });

  test.each(["POST", "PUT", "DELETE", "OPTIONS"])("takes no %s", async (method) => {
    const answer = await get("/", { method });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe("GET, HEAD");
  });
});
