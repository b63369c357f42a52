/** From a command that may run to the code that carries it out. */
import type { Command } from "../../../protocol/index.js";
import type { ChannelRegistry } from "../../channels/registry.js";
import { detach } from "../../guard.js";
import type { Caller } from "../caller.js";
import { refresh } from "../refresh.js";
import { publish } from "../publish/publish.js";
import { ack } from "../channels/ack.js";
import { find } from "../channels/find.js";
import { get } from "../channels/get.js";
import { call, history, members } from "../channels/queries.js";
import { subscribe, unsubscribe } from "../channels/subscribe.js";
import { tune } from "../channels/tune.js";

/** A command that asks for something. */
export type RealCommand = Exclude<Command, { do: "ping" }>;

/** The command with its channel in the one spelling by which everything that is known of the channel is found. */
export function withCanonicalName(command: RealCommand, registry: ChannelRegistry): RealCommand {
  // Calls are many, and to look for what an object has not got takes longest.
  if (command.do === "call" || !("channel" in command)) return command;
  const channel = registry.canonicalName(command.channel);
  return channel === command.channel ? command : { ...command, channel };
}

/** Carries out a command of somebody who is connected; it is answered sooner or later. */
export function runCommand(caller: Caller, command: Exclude<RealCommand, { do: "connect" }>): void {
  switch (command.do) {
    case "refresh":
      return detach(refresh(caller, command), (error) => caller.abandon(error));
    case "subscribe":
      return subscribe(caller, command);
    case "unsubscribe":
      return unsubscribe(caller, command);
    case "publish":
      return publish(caller, command);
    case "history":
      return history(caller, command);
    case "members":
      return members(caller, command);
    case "get":
      return get(caller, command);
    case "call":
      return call(caller, command);
    case "ack":
      return ack(caller, command);
    case "tune":
      return tune(caller, command);
    case "find":
      return find(caller, command);
  }
}
