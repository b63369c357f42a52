import {
  type ErrorBody,
  LEAST_FRAME,
  type Limits,
  type PartOwner,
  utf8Length,
  writeParts,
} from "../protocol/index.js";
import { joinBytes } from "../protocol/bytes.js";
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

/** So many bytes of a message are in a part of it. */
const PART_BYTES = MAX_FRAME_BYTES - MARKS;

/** A command that is on its way. */
interface Pending extends PartOwner {
  readonly answer: Answer;
  /** What it adds to a frame: its line, and its bytes or a part of them. Nothing is ever the connect command's fault: 0. */
  readonly size: number;
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
   * Why an open connection cannot take so many bytes in a command; `undefined` where it can. Those of a publish have
   * limits of their own, and where they are bytes need not fit into one frame.
   */
  readonly tooLarge: (count: number, publish?: Partial<Payload>) => TidemarkError | undefined;
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
  /** Sends a command. `body` is a JSON object's inside: `"subscribe":"chat/lobby"`. `bytes` follow its line, which says how many. */
  readonly request: (body: string, answer: Answer, bytes?: Uint8Array) => void;
  /** Sends a line as it is: one that is answered by nothing, or by an error that the client tells. */
  readonly line: (text: string) => void;
  /**
   * Sends a publish, of which `marks` are the fields besides the payload. Many bytes go in parts, where the server takes
   * those: one right behind the other, so that there is never more than one message under way in parts.
   */
  readonly publish: (channel: string, payload: Payload, marks: string, answer: Answer) => void;
  /** Sends what waits for the end of the microtask. */
  readonly flush: () => void;
  /** The command with this number that is not answered yet. */
  readonly pending: (id: number | undefined) => PartOwner | undefined;
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

  /** @param more how many bytes it adds to a frame */
  function line(text: string, more = utf8Length(text) + 1): void {
    if (size + more > Math.min(MAX_FRAME_BYTES, wire.limits.frame - wire.head)) flush();
    if (lines.length === 0) queueMicrotask(flush);
    lines.push(text);
    size += more;
  }

  /** @param name what further parts say of the command, where there may be some */
  function request(body: string, answer: Answer, bytes?: Uint8Array, name = ""): void {
    const start = `{"id":${nextId},`;
    const text = start + body;
    const most = name && wire.limits.binary ? PART_BYTES : Infinity;
    // With what closes it.
    const more = utf8Length(text) + 2;
    const whole = more + Math.min(most, bytes?.length ?? 0);
    answers.set(nextId++, { answer, size: body.startsWith('"connect"') ? 0 : whole });
    if (bytes) {
      flush();
      const frames = writeParts(text, start + name, bytes, most);
      // Over HTTP what is sent together is one request, in which all of them have to be.
      for (const frame of transport?.idle ? [joinBytes(frames)] : frames) transport?.send(frame);
    } else line(`${text}}`, more);
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
    tooLarge(count, publish) {
      const { message, binary, frame } = wire.limits;
      const most =
        (publish?.bytes && binary) ?? Math.min(publish ? message : Infinity, frame - wire.head - MARKS);
      if (count <= most) return undefined;
      return new TidemarkError("too_large", `${count} bytes are over the ${most} that the server takes`);
    },
    blame(error) {
      if (!wire.open || answers.size === 0) return false;
      // What its answer leads to waits for the next connection.
      wire.open = false;
      const commands = [...answers].filter(([, command]) => command.size > 0);
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
    request,
    line,
    publish(channel, { body, bytes }, marks, answer) {
      const name = `"publish":${JSON.stringify(channel)}`;
      request(`${name},${body}${marks}`, answer, bytes, name);
    },
    flush,
    pending: (id = -1) => answers.get(id),
    answer(id, error, result) {
      const command = answers.get(id);
      answers.delete(id);
      command?.answer(error, result);
    },
  };
  return wire;
}
