import { type ErrorBody, utf8Length, writeBinaryLine } from "../protocol/index.js";
import type { Payload } from "./payload.js";
import type { Transport } from "./transport.js";

/** Is called once with the answer to a command: an error, or the result. */
export type Answer = (error: ErrorBody | undefined, result: unknown) => void;

/** The error that stands for a connection which ended before the answer came. */
export const LOST: ErrorBody = {
  code: "outcome_unknown",
  message: "lost before the answer",
  retry: false,
};

/** Frames stay below this many bytes where their lines allow it, well under what a server takes. */
export const MAX_FRAME_BYTES = 48 * 1024;

/** More than a publish's line has besides its payload, in bytes. */
const MARKS = 1024;

/** Commands out, answers in: gives commands their ids and sends those of one microtask in one frame. */
export interface Wire {
  /** Whether the server has taken the connect command, so that others may follow. */
  open: boolean;
  /** Only on a one-way transport, once it is open: has all subscriptions made anew, as they are then. */
  renew: (() => void) | undefined;
  /**
   * Whether a publish may be sent now. On a one-way transport only what goes into the next request: were there more
   * under way, those behind one that fails would overtake its retry.
   */
  readonly room: (payload: Payload) => boolean;
  /** What the server calls this client in messages. */
  me: string;
  /** Takes a transport into use; only the connect command may go until `open` is set. */
  readonly attach: (transport: Transport) => void;
  /** The connection is over: whoever waits for an answer gets {@link LOST}, in the order of asking. */
  readonly detach: () => void;
  /** Sends a command. `body` is a JSON object's inside: `"subscribe":"chat/lobby"`. `bytes` follow its line. */
  readonly request: (body: string, answer?: Answer, bytes?: Uint8Array) => void;
  /** Sends what waits for the end of the microtask. */
  readonly flush: () => void;
  /** Hands an answer to whoever waits for it. */
  readonly answer: (id: number, error: ErrorBody | undefined, result: unknown) => void;
}

export function createWire(): Wire {
  let transport: Transport | undefined;
  let nextId = 1;
  let answers = new Map<number, Answer>();
  let lines: string[] = [];
  let size = 0;

  function flush(): void {
    if (lines.length > 0) transport?.send(lines.join("\n"));
    lines = [];
    size = 0;
  }

  const wire: Wire = {
    open: false,
    renew: undefined,
    room: ({ bytes, size: more }) =>
      wire.open &&
      (!transport?.idle ||
        (transport.idle() && (lines.length === 0 || (!bytes && size + more < MAX_FRAME_BYTES - MARKS)))),
    me: "",
    attach(next) {
      transport = next;
    },
    detach() {
      const lost = answers;
      transport = undefined;
      answers = new Map();
      flush();
      for (const answer of lost.values()) answer(LOST, undefined);
    },
    request(body, answer = () => {}, bytes) {
      const id = nextId++;
      answers.set(id, answer);
      const line = `{"id":${id},${body}}`;
      if (bytes !== undefined) {
        flush();
        transport?.send(writeBinaryLine(line, bytes));
        return;
      }
      const more = utf8Length(line) + 1;
      if (size + more > MAX_FRAME_BYTES) flush();
      if (lines.length === 0) queueMicrotask(flush);
      lines.push(line);
      size += more;
    },
    flush,
    answer(id, error, result) {
      const answer = answers.get(id);
      answers.delete(id);
      answer?.(error, result);
    },
  };
  return wire;
}
