/** The calls of a worker that go over the socket as JSON: each method with its arguments, on both ends. */
import type { Member } from "../../protocol/index.js";
import { BrokerError, type LogOptions, type NodeInfo } from "../contract.js";
import { isOfSlots } from "../log/of-slots.js";
import type { ReignAnswer, ReignStep } from "../log/reign.js";
import type { SlotsOptions } from "../slots-contract.js";
import type { WriterLink } from "./link.js";
import { withoutEnds } from "./slots/changes-codec.js";

/** The arguments and the result of each method. */
export interface Calls {
  open: { args: [channel: string, options: LogOptions | SlotsOptions]; result: null };
  reign: {
    args: [channel: string, step: ReignStep, options: LogOptions | SlotsOptions];
    result: ReignAnswer;
  };
  follow: { args: [channel: string]; result: null };
  unfollow: { args: [channel: string]; result: null };
  join: { args: [channel: string, member: Member, instance: string]; result: null };
  leave: { args: [channel: string, id: string, instance: string, grace: number]; result: null };
  members: { args: [channel: string]; result: { members: Member[]; version: number } };
  lease: { args: [name: string, ttl: number]; result: string | null };
  renew: { args: [name: string, token: string, ttl: number]; result: boolean };
  release: { args: [name: string, token: string]; result: null };
  doubt: { args: [channel: string, epoch: string, offset: number]; result: null };
  nodes: { args: []; result: NodeInfo[] };
  report: { args: [load: NodeInfo["load"]]; result: null };
  send: { args: [node: string, text: string]; result: null };
  close: { args: []; result: null };
}

export type CallName = keyof Calls;

type Handlers = {
  readonly [Name in CallName]: (
    link: WriterLink,
    ...args: Calls[Name]["args"]
  ) => Promise<Calls[Name]["result"]>;
};

const nothing = (): null => null;

const HANDLERS: Handlers = {
  open: (link, channel, options) => link.open(channel, asSaid(options)).then(nothing),
  reign: (link, channel, step, options) => link.reign(channel, step, asSaid(options)),
  follow: (link, channel) =>
    new Promise((resolve, reject) => {
      link.follow(channel, (error) => (error === undefined ? resolve(null) : reject(error)));
    }),
  unfollow: async (link, channel) => {
    link.unfollow(channel);
    return null;
  },
  join: (link, ...args) => link.join(...args).then(nothing),
  leave: (link, ...args) => link.leave(...args).then(nothing),
  members: (link, channel) => link.members(channel),
  lease: async (link, ...args) => (await link.lease(...args)) ?? null,
  renew: (link, ...args) => link.renew(...args),
  release: (link, ...args) => link.release(...args).then(nothing),
  doubt: async (link, ...args) => {
    link.doubt(...args);
    return null;
  },
  nodes: (link) => link.nodes(),
  report: async (link, load) => {
    link.report(load);
    return null;
  },
  send: (link, ...args) => link.send(...args).then(nothing),
  close: (link) => link.close().then(nothing),
};

/** Options as they were before they became JSON. */
function asSaid(options: LogOptions | SlotsOptions): LogOptions | SlotsOptions {
  return isOfSlots(options) ? withoutEnds(options) : options;
}

/** A call as it is sent. Both ends are of one version: the hello sees to it. */
export interface CallFrame {
  readonly name: CallName;
  readonly args: readonly unknown[];
}

export type AnswerFrame =
  | { readonly result: unknown }
  | { readonly code: BrokerError["code"]; readonly message: string };

/** Carries out a call that came over the socket. */
export function perform(link: WriterLink, { name, args }: CallFrame): Promise<unknown> {
  const handler = HANDLERS[name] as (link: WriterLink, ...args: readonly unknown[]) => Promise<unknown>;
  return handler(link, ...args);
}

export function failureOf(error: unknown): AnswerFrame {
  if (error instanceof BrokerError) return { code: error.code, message: error.message };
  return { code: "unavailable", message: error instanceof Error ? error.message : String(error) };
}
