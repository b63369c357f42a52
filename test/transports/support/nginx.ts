/** Debian's nginx before servers: round robin, no stickiness. As it is found in the world, it knows nothing of WebSocket. */
import { isMissing, proxy } from "./proxy-process.js";
import type { Front } from "./servers.js";

export const noNginx = isMissing("nginx");

/** As it comes, it does not hand an upgrade on: the servers behind it see a plain request. */
export const PLAIN = "";
/** Hands upgrades on. */
export const UPGRADING = 'proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";';
/** Holds answers back to compress them, whatever they say about that. */
export const BUFFERING =
  "proxy_ignore_headers X-Accel-Buffering; proxy_buffering on; gzip on; gzip_types *; gzip_min_length 0; gzip_proxied any;";
/** Cuts what is quiet for a second. */
export const IMPATIENT = "proxy_read_timeout 1s;";

/** @param directives for the location */
export function nginx(directives: string): Front {
  return proxy({
    command: "nginx",
    args: (file, folder) => ["-p", folder, "-c", file],
    config(folder, socket, ports) {
      const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
        (name) => `${name}_temp_path ${folder}/${name};`,
      );
      const servers = ports.map((port) => `server 127.0.0.1:${port} max_fails=0;`);
      return `daemon off; master_process off; pid ${folder}/pid; error_log stderr crit;
        events { worker_connections 512; }
        http {
          access_log off; ${paths.join(" ")}
          upstream nodes { ${servers.join(" ")} }
          server {
            listen unix:${socket};
            location / { proxy_pass http://nodes; proxy_http_version 1.1; proxy_set_header Host $http_host; ${directives} }
          }
        }`;
    },
  });
}
