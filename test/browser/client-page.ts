/** A page with nothing but the browser client, its server, and a network between the two. */
import { createServer } from "node:http";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { silentLogger, stream, tidemark } from "tidemark";
import { Network, portOf } from "../transports/support/servers.js";

const CLIENT = fileURLToPath(new URL("../../src/client/index.ts", import.meta.url));

/** Writes down what comes, and what the browser does with the page. */
const PAGE = `<!doctype html><title>client</title><script type="module">
  import { connect } from "/index.js";
  const transports = location.hash ? [location.hash.slice(1)] : undefined;
  const rt = connect("/connect", { transports, backoff: { min: 20, max: 200 } });
  const seen = { got: [], gaps: [], statuses: [], page: [] };
  const log = rt.stream("log/a");
  log.on("message", ({ data }) => seen.got.push(data));
  log.on("gap", (gap) => seen.gaps.push(gap));
  rt.on("status", (status) => seen.statuses.push(status));
  addEventListener("pageshow", ({ persisted }) => persisted && seen.page.push("restored"));
  for (const name of ["freeze", "resume"]) document.addEventListener(name, () => seen.page.push(name));
  Object.assign(window, { seen, rt });
</script>`;

export interface ClientPage {
  readonly url: string;
  readonly network: Network;
  publish(data: unknown): Promise<unknown>;
  close(): Promise<void>;
}

export async function serveClientPage(): Promise<ClientPage> {
  const files = await bundle();
  // Pings so often that a silence of seconds is noticed on both sides.
  const app = tidemark({ log: silentLogger, limits: { ping: 1000 } }).channels({
    "log/:id": stream({ retain: { count: 10_000 } }),
  });
  const server = createServer((request, response) => {
    const script = files.get(request.url ?? "");
    response.writeHead(200, { "content-type": script === undefined ? "text/html" : "text/javascript" });
    response.end(script ?? PAGE);
  });
  app.attach(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const network = await Network.to([portOf(server)]);
  return {
    url: `http://127.0.0.1:${network.port}/`,
    network,
    publish: (data) => app.publishTo("log/a", data),
    close: async () => {
      network.close();
      await app.close();
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Path to code. */
async function bundle(): Promise<Map<string, string>> {
  const build = await rolldown({
    input: CLIENT,
    platform: "browser",
    resolve: { extensionAlias: { ".js": [".ts", ".js"] } },
  });
  try {
    const { output } = await build.generate({ format: "esm" });
    return new Map(
      output.flatMap((file) => (file.type === "chunk" ? [[`/${file.fileName}`, file.code]] : [])),
    );
  } finally {
    await build.close();
  }
}
