import type { Client, TidemarkError } from "../client/index.js";

/** A handle that is there while somebody holds it. */
export interface Held<Handle> {
  /**
   * Keeps the handle open until the returned function is called. It is opened at the end of the turn, when all
   * components of a commit have said what they want, and closed at the end of a turn in which nobody holds it: so
   * React's double mount opens it once.
   */
  readonly hold: () => () => void;
  readonly held: () => boolean;
  /** The handle, opened now if need be. Throws the client's error when it cannot be. */
  readonly handle: () => Handle;
  /** The handle if it is open. */
  readonly peek: () => Handle | undefined;
  /** Opens another one in its place, which asks the server anew. */
  readonly again: () => void;
}

/** @param failed the handle could not be opened */
export function createHeld<Handle extends { readonly close: () => void }>(
  open: () => Handle,
  closed: () => void,
  failed: (error: TidemarkError) => void,
): Held<Handle> {
  let holders = 0;
  let current: Handle | undefined;

  function handle(): Handle {
    if (current === undefined) {
      current = open();
      queueMicrotask(settle);
    }
    return current;
  }

  function settle(): void {
    if (holders > 0) {
      try {
        handle();
      } catch (error) {
        failed(error as TidemarkError);
      }
    } else if (current !== undefined) {
      current.close();
      current = undefined;
      closed();
    }
  }

  return {
    hold() {
      let here = true;
      holders++;
      queueMicrotask(settle);
      return () => {
        if (!here) return;
        here = false;
        holders--;
        queueMicrotask(settle);
      };
    },
    again() {
      const last = current;
      if (last === undefined) return;
      current = undefined;
      try {
        handle();
      } catch (error) {
        failed(error as TidemarkError);
      }
      last.close();
    },
    held: () => holders > 0,
    handle,
    peek: () => current,
  };
}

/** The client, or what to say where there is none yet. */
export function clientOf(client: Client | undefined): Client {
  if (client !== undefined) return client;
  throw new Error("there is no client yet: its provider makes it when it is mounted in a browser");
}
