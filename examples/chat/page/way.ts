/** By which way the page is connected, beside its status. */
import type { TransportName } from "tidemark/client";
import type { Status } from "./banner.js";

const NAMES: Readonly<Record<TransportName, string>> = {
  websocket: "WebSocket",
  stream: "HTTP stream",
  poll: "HTTP polling",
};

/** @example wayText("online", "stream") // " · HTTP stream" */
export function wayText(status: Status, transport: TransportName): string {
  return status === "online" ? ` · ${NAMES[transport]}` : "";
}
