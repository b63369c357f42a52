/** The four transports, and the contract on each of them. */
import { describe, it } from "vitest";
import { openTransport, type TransportName } from "tidemark/client";
import { transportContract, type TransportHarness } from "tidemark/testing";
import { readEvents } from "./event-reader.js";

/** A client's transport, or Server-Sent Events. */
export type Way = TransportName | "sse";

const WAYS: readonly Way[] = ["websocket", "stream", "poll", "sse"];

/** How a harness makes its listeners and clients go that way. */
export function clientsOf(way: Way): Pick<TransportHarness, "transport" | "open" | "receive"> {
  return way === "sse"
    ? { transport: "poll", open: openTransport, receive: readEvents }
    : { transport: way, open: openTransport };
}

/** Server-Sent Events carry one channel, to whoever listens; the rules that need more are not for them. */
export function contractOnEachWay(name: string, open: (way: Way) => Promise<TransportHarness>): void {
  for (const way of WAYS) {
    transportContract(`${way}, ${name}`, () => open(way), { describe, it }, way === "sse" ? [] : undefined);
  }
}
