/**
 * Carries out what a peer has sent, one command after the other, as the {@link Intake} lets them through: each is read,
 * held against the connection's rate and its state, and then run or refused.
 */
import { CommandError, NotACommand, decodeCommand, type Command } from "../../../protocol/index.js";
import { textChunk } from "../../delivery/chunk.js";
import { TidemarkError } from "../../errors.js";
import { publish, refusePublish } from "../publish/publish.js";
import { runCommand, withCanonicalName, type RealCommand } from "./commands.js";
import { carryOutInput, type InputsOwner } from "./inputs.js";
import type { MessageInParts } from "./message-in-parts.js";
import type { Incoming } from "./read-frame.js";

/** How far a connection is. Commands wait while it is `connecting`, and are dropped when it has `closed`. */
export type Stage = "new" | "connecting" | "open" | "closed";

/** Whose commands they are: a connection. */
export interface Commander extends InputsOwner {
  readonly stage: Stage;
  /** Carries out the first command, which says who the client is and what it wants from the beginning. Answered now or later. */
  connect(command: Command & { do: "connect" }): void;
}

const PONG = textChunk("{}");

/** Carries out one command. It is answered now or later, or the connection is closed. */
export function carryOut(connection: Commander, incoming: Incoming): void {
  if (incoming.do === undefined && !("value" in incoming)) return carryOutMessage(connection, incoming);
  try {
    if (incoming.do === undefined && Array.isArray(incoming.value))
      return carryOutInput(connection, incoming.value);
    const command = incoming.do === undefined ? decodeCommand(incoming) : incoming;
    if (command.do === "ping") answerPing(connection);
    else if (mayRun(connection, command))
      run(connection, withCanonicalName(command, connection.node.registry));
  } catch (error) {
    if (error instanceof NotACommand) return connection.close("policy", error.message);
    if (!(error instanceof CommandError)) throw error;
    connection.fail(error.id, overRate(connection) ?? new TidemarkError(error.code, error.message));
  }
}

/** Carries out a publish that has come in parts, or answers why it is not. Either way it has its place in the order. */
function carryOutMessage(connection: Commander, message: MessageInParts): void {
  const command = message.command();
  if (!mayRun(connection, command)) return;
  const known = { ...command, channel: connection.node.registry.canonicalName(command.channel) };
  if (message.refusal === undefined) publish(connection, known, message.sentAfter);
  else refusePublish(connection, known, message.refusal);
}

/** A client's `{}` asks whether anybody is there. Where there is no room for an answer, there is one on its way. */
function answerPing(connection: Commander): void {
  const refusal = overRate(connection);
  if (refusal !== undefined) return connection.fail(undefined, refusal);
  connection.out.offer(PONG);
  connection.reply(undefined, "", 0);
}

function mayRun(connection: Commander, command: RealCommand): boolean {
  const refusal = overRate(connection);
  if (connection.closed) return false;
  // Whoever unsubscribes is not held to what they want to be rid of, and whoever waits for what was acknowledged would wait for ever:
  // neither costs more than a refusal.
  if (refusal !== undefined && command.do !== "unsubscribe" && command.do !== "ack") {
    const known = withCanonicalName(command, connection.node.registry);
    if (known.do === "publish") refusePublish(connection, known, refusal);
    else connection.fail(command.id, refusal);
    return false;
  }
  if ((command.do === "connect") === (connection.stage === "new")) return true;
  const error =
    command.do === "connect"
      ? new TidemarkError("already_connected", "this connection is connected already")
      : new TidemarkError("connect_first", 'send {"id":1,"connect":{}} first');
  connection.fail(command.id, error);
  return false;
}

/** Why a command may not be run now; the connection is closed if it keeps being told so. */
function overRate(connection: Commander): TidemarkError | undefined {
  const { allowance, node } = connection;
  // The turn's own time will do: rates are seconds.
  const refusal = allowance.refuse(node.turns.began);
  if (refusal !== undefined && allowance.isSpent)
    connection.close("rate_limited", `${refusal.message}, and on after being refused`);
  return refusal;
}

function run(connection: Commander, command: RealCommand): void {
  if (command.do === "connect") connection.connect(command);
  else runCommand(connection, command);
}
