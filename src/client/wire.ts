import { type ErrorBody, LEAST_FRAME, type Limits, utf8Length, writeBinaryLine } from "../protocol/index.js";
import { TidemarkError } from "./errors.js";
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

/** Frames stay below this many bytes where their lines allow it, well under what any server takes. */
export const MAX_FRAME_BYTES = 48 * 1024;

/** What every server takes and gives, before this one has said what it takes. What is larger than that may be waits until it has. */
export const UNTOLD: Limits = { message: Infinity, frame: LEAST_FRAME, answer: LEAST_FRAME - 1024 };

/** More than a publish's line has besides its payload, in bytes. */
const MARKS = 1024;

/** A command that is on its way. */
interface Pending {
  readonly answer: Answer;
  /** Its line and bytes. */
  readonly size: number;
  readonly connect: boolean;
}

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
  /** What the server takes on this connection; {@link UNTOLD} before it has said so. */
  limits: Limits;
  /** What a request has besides its commands, in bytes: over HTTP each one says anew who it is from. */
  head: number;
  /**
   * Why an open connection cannot take so many bytes of a command's payload; `undefined` where it can. Those of a
   * publish have a limit of their own, `message`.
   */
  readonly tooLarge: (payload: number, message?: number) => TidemarkError | undefined;
  /**
   * The server has thrown the connection out for a frame: the largest command on its way is told so, so that it is not
   * sent again. False where there was none: the next connection would end as this one did.
   */
  readonly blame: (error: ErrorBody) => boolean;
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
  let answers = new Map<number, Pending>();
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
    limits: UNTOLD,
    head: 0,
    tooLarge(payload, message = Infinity) {
      const most = Math.min(message, wire.limits.frame - wire.head - MARKS);
      if (payload <= most) return undefined;
      return new TidemarkError("too_large", `${payload} bytes are over the ${most} that the server takes`);
    },
    blame(error) {
      if (!wire.open || answers.size === 0) return false;
      // What its answer leads to waits for the next connection.
      wire.open = false;
      const commands = [...answers].filter(([, { connect }]) => !connect);
      const [largest] = commands.sort(([, a], [, b]) => b.size - a.size);
      if (largest) {
        const [id, { answer }] = largest;
        answers.delete(id);
        // Of several it may have been another one, and then this one may have been carried out.
        answer(commands.length === 1 ? error : { ...error, code: "outcome_unknown" }, undefined);
      }
      return true;
    },
    me: "",
    attach(next) {
      transport = next;
    },
    detach() {
      const lost = answers;
      transport = undefined;
      answers = new Map();
      wire.limits = UNTOLD;
      flush();
      for (const { answer } of lost.values()) answer(LOST, undefined);
    },
    request(body, answer = () => {}, bytes) {
      const id = nextId++;
      const line = `{"id":${id},${body}}`;
      const more = utf8Length(line) + 1;
      answers.set(id, { answer, size: more + (bytes?.length ?? 0), connect: body.startsWith('"connect"') });
      if (bytes !== undefined) {
        flush();
        transport?.send(writeBinaryLine(line, bytes));
        return;
      }
      if (size + more > Math.min(MAX_FRAME_BYTES, wire.limits.frame - wire.head)) flush();
      if (lines.length === 0) queueMicrotask(flush);
      lines.push(line);
      size += more;
    },
    flush,
    answer(id, error, result) {
      const command = answers.get(id);
      answers.delete(id);
      command?.answer(error, result);
    },
  };
  return wire;
}
