/** Debian's nginx before servers, as it is found in the world: one that knows nothing of WebSocket. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { connect } from "node:net";
import { join } from "node:path";
import type { Front } from "./servers.js";

/** Whether it cannot run here; `npm test` says how to change that. */
export const noNginx = process.env["TIDEMARK_MISSING"]?.split(",").includes("nginx") === true;

/** As it comes, it does not hand an upgrade on: the servers behind it see a plain request. */
export const PLAIN = "";
/** Holds answers back to compress them, whatever they say about that. */
export const BUFFERING =
  "proxy_ignore_headers X-Accel-Buffering; proxy_buffering on; gzip on; gzip_types *; gzip_min_length 0; gzip_proxied any;";
/** Cuts what is quiet for a second. */
export const IMPATIENT = "proxy_read_timeout 1s;";

/** Round robin, no stickiness; `directives` are for the location. It listens on a socket file, so that no port is taken. */
export function nginx(directives: string): Front {
  return async (ports) => {
    const folder = mkdtempSync(join(tmpdir(), "tidemark-nginx-"));
    const socket = join(folder, "nginx.sock");
    const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (name) => `${name}_temp_path ${folder}/${name};`,
    );
    writeFileSync(
      join(folder, "nginx.conf"),
      `daemon off; master_process off; pid ${folder}/pid; error_log stderr crit;
      events { worker_connections 512; }
      http {
        access_log off; ${paths.join(" ")}
        upstream nodes { ${ports.map((port) => `server 127.0.0.1:${port} max_fails=0;`).join(" ")} }
        server {
          listen unix:${socket};
          location / { proxy_pass http://nodes; proxy_http_version 1.1; proxy_set_header Host $http_host; ${directives} }
        }
      }`,
    );
    const child = spawn("nginx", ["-p", folder, "-c", join(folder, "nginx.conf")], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    const exited = once(child, "exit");
    while (!(await answers(socket))) {
      if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}`);
    }
    return {
      target: socket,
      close: async () => {
        child.kill("SIGTERM");
        await exited;
        rmSync(folder, { recursive: true, force: true });
      },
    };
  };
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => setTimeout(() => resolve(false), 10));
  });
}
