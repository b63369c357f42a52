/**
 * Who may write a log alone: decided once, for every broker that decides in this process. `lua/reign.lua` is the same for Redis.
 * Times are milliseconds of steady time.
 */
import type { HeldBy, Reign, ReignRequest } from "../reign-contract.js";

/** What is asked of a log about its reign. The token names the reign that is meant. */
export type ReignStep =
  | ({ readonly do: "take" } & ReignRequest)
  | { readonly do: "renew"; readonly token: string; readonly ttl: number }
  | { readonly do: "release"; readonly token: string };

/** The token of the reign that the asker has now; whose it is instead; or `none`, where the one that is meant is over. */
export type ReignAnswer = { readonly token: string } | HeldBy | "none";

/** A reign, as its log keeps it until another one takes it or it is released. */
export interface HeldReign extends ReignRequest {
  readonly token: string;
  /** When others may take it. */
  readonly until: number;
}

/** What a log keeps from now on, and what the asker is told. */
interface Decided {
  readonly reign: HeldReign | undefined;
  readonly answer: ReignAnswer;
}

/** Decides about one step. A new reign has a token that was never there, so what another one had in flight stays out for good. */
export function decideReign(
  held: HeldReign | undefined,
  step: ReignStep,
  now: number,
  newToken: () => string,
): Decided {
  if (step.do === "take") {
    const { ttl, secret, note } = step;
    const isOwn = held?.secret === secret;
    if (held !== undefined && !isOwn && held.until > now) {
      return { reign: held, answer: { heldBy: held.note, left: held.until - now } };
    }
    const token = isOwn ? held.token : newToken();
    return { reign: { ttl, secret, note, token, until: now + ttl }, answer: { token } };
  }
  if (held?.token !== step.token) return { reign: held, answer: "none" };
  if (step.do === "release") return { reign: undefined, answer: "none" };
  const { token, ttl } = step;
  return { reign: { ...held, ttl, until: now + ttl }, answer: { token } };
}

/** What `Broker.reign` promises, of a broker that carries out steps. */
export async function takeReign(
  request: ReignRequest,
  carryOut: (step: ReignStep) => Promise<ReignAnswer>,
): Promise<Reign | HeldBy> {
  const { ttl, secret, note } = request;
  const answer = await carryOut({ do: "take", ttl, secret, note });
  if (answer === "none") throw new Error("whoever takes a reign has it, or is told who does");
  if ("heldBy" in answer) return answer;
  const { token } = answer;
  return {
    token,
    renew: async () => (await carryOut({ do: "renew", token, ttl })) !== "none",
    release: async () => {
      await carryOut({ do: "release", token });
    },
  };
}
