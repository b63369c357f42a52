/** The first visit: the server says which id belongs to the secret that this browser made up. */
import { connect, TidemarkError } from "tidemark/client";
import type { ChatApp } from "../server.js";
import { tokenOf, type Claim, type Identity } from "./identity.js";

/** Resolves as soon as the server can be asked; only a server that wants nothing to do with us makes it reject. */
export async function signIn(claim: Claim): Promise<Identity> {
  const rt = connect<ChatApp>("../connect", { token: tokenOf(claim) });
  try {
    return { ...claim, id: await askId(() => rt.call("me")) };
  } finally {
    rt.close();
  }
}

/** A call does not wait for a connection for ever; this does. */
async function askId(ask: () => Promise<string | null>): Promise<string> {
  for (;;) {
    try {
      const id = await ask();
      if (id === null) throw new Error("the server knows nobody by this token");
      return id;
    } catch (error) {
      const code = error instanceof TidemarkError ? error.code : "";
      if (!["offline", "timeout", "outcome_unknown"].includes(code)) throw error;
    }
  }
}
