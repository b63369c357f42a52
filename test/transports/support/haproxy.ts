/** Debian's HAProxy before servers: round robin, no stickiness. It hands upgrades on unless it is told not to. */
import { isMissing, proxy } from "./proxy-process.js";
import type { Front } from "./servers.js";

export const noHaproxy = isMissing("haproxy");

export const UPGRADING = "";
/** Without the header, the servers behind it see a plain request. */
export const PLAIN = "http-request del-header Upgrade";
/** Holds each answer back until it is whole, or 16 KiB of it are there. */
export const BUFFERING = `${PLAIN}\n  http-response wait-for-body time 60s`;
/** Cuts what is quiet for a second, WebSockets too. */
export const IMPATIENT = "timeout server 1s\n  timeout tunnel 1s";

/** @param directives for the backend, a line each */
export function haproxy(directives: string): Front {
  return proxy({
    command: "haproxy",
    args: (file) => ["-q", "-db", "-f", file],
    config: (_folder, socket, ports) => `
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 60s
  retries 0
  option abortonclose
frontend front
  bind unix@${socket}
  default_backend nodes
backend nodes
  balance roundrobin
  ${directives}
${ports.map((port, i) => `  server node${i} 127.0.0.1:${port}`).join("\n")}
`,
  });
}
