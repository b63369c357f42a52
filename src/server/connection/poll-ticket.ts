/** The tickets by which polls go on from each other, in connect commands and their answers. */
import type { Command } from "../../protocol/index.js";
import type { Caller } from "./caller.js";

/** A poll with a good ticket goes on from another one; one without comes as everybody does. */
export function arrivalOf(
  connection: Caller,
  command: Command & { do: "connect" },
): "first" | "next" | "aside" {
  const { arrival, node } = connection;
  if (arrival !== "poll") return arrival;
  const holder = holderOf(connection, command);
  if (command.ticket === undefined || holder === undefined) return "first";
  return node.tickets.isGood(command.ticket, holder, node.clock.now()) ? "next" : "first";
}

/** The ticket for the next poll, as a field of the answer. */
export function ticketFor(connection: Caller, command: Command & { do: "connect" }): string {
  if (connection.arrival !== "poll") return "";
  const { tickets, clock } = connection.node;
  const holder = holderOf(connection, command);
  return holder === undefined ? "" : `,"ticket":${JSON.stringify(tickets.issue(holder, clock.now()))}`;
}

/** Who may show a ticket: one whose requests all have the same rate. */
function holderOf({ address }: Caller, { publisher }: Command & { do: "connect" }): string | undefined {
  if (publisher !== undefined) return `p${publisher}`;
  return address === undefined ? undefined : `a${address}`;
}
