import type { Clock, Timer } from "../../protocol/index.js";
import type { Transport, TransportEvents } from "../transport.js";
import type { Memory } from "./memory.js";

/** What a transport needs to look for a better one. */
export interface Search {
  readonly clock: Clock;
  readonly memory: Memory | undefined;
  /** Opens the better one. */
  readonly open: (events: TransportEvents) => Transport;
}

/** How long a transport is used before a better one is tried again, in milliseconds. */
const KEPT_MS = 300_000;
/** How long to wait for what must not be lost, before the change is offered again. In milliseconds. */
const BUSY_MS = 500;

/**
 * Tries a better transport now and then, beside the one in use: that goes on until the other has shown that frames go
 * both ways. Returns what ends the search.
 *
 * @param hello a connect command for a one-way transport, which answers nothing else
 */
export function seekBetter(
  url: string,
  name: string,
  { clock, memory, open }: Search,
  idle: () => boolean,
  events: TransportEvents,
  hello: () => string,
): () => void {
  let beside: Transport | undefined;
  let timer: Timer;
  const [known, time] = memory?.getItem(url)?.split(" ") ?? [];
  // What another page found out counts from then on.
  const since = known === name ? Number(time) : clock.now();
  if (known !== name) keep(name);
  again(Math.max(0, since + KEPT_MS - clock.now()));

  function keep(which: string): void {
    try {
      memory?.setItem(url, `${which} ${clock.now()}`);
    } catch {
      // It is full: then the next page finds out by itself.
    }
  }

  function again(ms: number): void {
    timer = clock.setTimeout(tryIt, ms);
  }

  function stop(): void {
    clock.clearTimeout(timer);
    beside?.close();
    beside = undefined;
  }

  function tryIt(): void {
    stop();
    keep(name);
    again(KEPT_MS);
    /** Whose it is, once it was taken. */
    let owner: TransportEvents | undefined;
    const offerIt = (own: Transport): void => {
      if (beside !== own) return;
      if (!idle()) {
        clock.setTimeout(() => offerIt(own), BUSY_MS);
        return;
      }
      events.better((next) => {
        beside = undefined;
        owner = next;
        keep("");
        return own;
      });
    };
    try {
      const own = open({
        open: () => own.send(own.idle ? hello() : "{}"),
        frame: (frame) => (owner ? owner.frame(frame) : offerIt(own)),
        over: () => owner?.over(),
        idle: () => owner?.idle(),
        better() {},
        close(code, reason, cause) {
          if (owner) owner.close(code, reason, cause);
          else if (beside === own) beside = undefined;
        },
      });
      beside = own;
    } catch {
      // It cannot be opened at all.
    }
  }

  return stop;
}
