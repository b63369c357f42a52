/** The answer to a connect command, as text. */
import type { Command } from "../../protocol/index.js";
import { TidemarkError, errorBody } from "../errors.js";
import type { Caller, Identity } from "./caller.js";
import type { Started } from "./channels/subscribe.js";
import { lifeOf } from "./identity.js";
import { ticketFor } from "./poll-ticket.js";

/** What the line with an answer has besides the answer, in bytes. */
const AROUND_ANSWER = 32;

/** How many bytes the answer to a connect command may have. */
export function mostOfAnswer({ out }: Caller): number {
  return out.most - AROUND_ANSWER;
}

/** @param started the subscriptions, by the names that they were asked for with */
export function connectAnswer(
  connection: Caller,
  identity: Identity,
  command: Command & { do: "connect" },
  started: ReadonlyMap<string, Started | TidemarkError>,
): string {
  const { node, client } = connection;
  const sender = identity.sender === client ? "" : `,"sender":${JSON.stringify(identity.sender)}`;
  const { message, binary, frame, ping } = node.limits;
  const more = binary > message ? `,"binary":${binary}` : "";
  const limits = `"limits":{"message":${message},"frame":${frame},"answer":${mostOfAnswer(connection)}${more}}`;
  const perhaps = `${lifeOf(connection, identity, ",")}${ticketFor(connection, command)}`;
  const head = `{"client":${JSON.stringify(client)}${sender},${limits},"durability":"${node.broker.durability}","ping":${ping}${perhaps}`;
  if (started.size === 0) return `${head}}`;
  const subs = [...started].map(([name, one]) => {
    const result = one instanceof TidemarkError ? { error: errorBody(one) } : one.result;
    return `${JSON.stringify(name)}:${JSON.stringify(result)}`;
  });
  return `${head},"subs":{${subs.join(",")}}}`;
}
