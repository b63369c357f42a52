/**
 * A connection's way out over one HTTP answer. What is written in the first turn is held back until its end: when the
 * connection ends in it, the request is refused with a status instead.
 */
import type { CloseName, ErrorBody } from "../../../protocol/index.js";
import type { Link } from "../../connection/link.js";
import type { Receiver } from "../../connection/receiver.js";
import type { Chunk } from "../../delivery/chunk.js";
import type { HttpResponse } from "./exchange.js";
import { channelRefusal, closeLine, endOfChannel, refusalOf, refuse, type Refusal } from "./refusal.js";

/** How lines are written into an answer. */
export interface Format {
  readonly contentType: string;
  /** Written first: enough for proxies that hold an answer back until they have some of it. */
  readonly opening: string;
  readonly frame: (text: string) => string;
  /** Says that somebody is there; and, at the end of an answer, that nothing is missing from it. It may be another one later. */
  readonly ping: string;
  /** The last thing in an answer that had begun. `line` is a JSON object. */
  readonly close: (line: string) => string;
}

/** What is told of an answer: what a request brings is read before there is a link. */
export type AnswerReceiver = Pick<Receiver, "alive" | "abandon" | "transportClosed">;

/** A blank line, which means nothing, of 2 KB. */
const PADDING = `${" ".repeat(2048)}\n`;

/** Lines as over WebSocket, bytes as base64; a blank line ends a frame. */
export const NDJSON: Format = {
  contentType: "application/x-ndjson; charset=utf-8",
  opening: "",
  frame: (text) => `${text}\n\n`,
  ping: "{}\n\n",
  close: (line) => `${line}\n\n`,
};

export const PADDED_NDJSON: Format = { ...NDJSON, opening: PADDING };

/** How long members stay at least when an answer has ended in good order, in milliseconds: its client asks again at once. */
const BACK_MS = 5000;
/** How long an answer that has ended may take to be read, in milliseconds of silence. */
const LINGER_MS = 30_000;

export interface HttpLinkOptions {
  readonly format: Format;
  /** Further headers of whatever the answer is. */
  readonly headers: Record<string, string>;
  /** Is told of every frame, and of how many chunks the frame has. */
  readonly onFrame?: (text: string, chunks: number) => void;
}

/**
 * `new`: nothing is written. `held`: what is written waits. `open`: the answer has begun. `over`: nothing is written
 * any more.
 */
type State = "new" | "held" | "open" | "over";

export class HttpLink implements Link {
  readonly #response: HttpResponse;
  readonly #options: HttpLinkOptions;
  #state: State = "new";
  #held = "";
  /** The lines that are held back, as they were before they were formatted. */
  #said = "";
  /** Who waits for what is held back to be written. */
  #waiting: (() => void)[] = [];
  #receiver: AnswerReceiver | undefined;
  /** Bytes that the system had taken when the peer was last pinged. */
  #taken = 0;

  constructor(response: HttpResponse, options: HttpLinkOptions) {
    this.#response = response;
    this.#options = options;
    // An answer that breaks is reported by its close; without a listener it would end the process.
    response.on("error", () => {});
  }

  /** Says which connection this is the way out of. */
  attach(receiver: AnswerReceiver): void {
    this.#receiver = receiver;
    this.#response.on("drain", () => receiver.alive());
    this.#response.on("close", () => receiver.transportClosed("the request ended", false));
  }

  get unsent(): number {
    return this.#held.length + this.#response.writableLength;
  }

  write(chunks: readonly Chunk[]): void {
    this.#put(chunks.map((chunk) => chunk.toText()).join("\n"), chunks.length);
  }

  writeShared(chunk: Chunk): void {
    this.#put(chunk.toText(), 1);
  }

  whenDrained(run: () => void): void {
    // Nobody waits any more; and over HTTP/2 a write behind the end would take back what was said.
    if (this.#state === "over") return;
    if (this.#state === "held") this.#waiting.push(run);
    else if (needsDrain(this.#response)) this.#response.once("drain", run);
    else this.#response.write("", () => run());
  }

  /** There is nothing more to read: the request came as a whole. */
  pause(): void {}
  resume(): void {}

  /**
   * There is no answer to a ping. As long as the system takes what is written, the peer is taken to be there. Before the
   * answer to connect nothing is written: that answer may yet be a refusal, which needs the status.
   */
  ping(): void {
    const { socket } = this.#response;
    const taken = (socket?.bytesWritten ?? 0) - (socket?.writableLength ?? 0);
    if (this.unsent === 0 || taken > this.#taken) this.#receiver?.alive();
    this.#taken = taken;
    if (this.#state === "open") this.#response.write(this.#options.format.ping);
  }

  close(name: CloseName, reason: string): void {
    if (this.#state === "over") return;
    // What was answered already must not be lost.
    if (saysMore(this.#said)) this.#begin();
    if (this.#state === "open") this.#end(this.#options.format.close(closeLine(name, reason)));
    else this.#refuse(refusalOf(name, reason, this.#said));
  }

  terminate(): void {
    this.#state = "over";
    this.#response.destroy();
  }

  /** Refuses the request because of the one channel that the request was about. */
  refuseChannel(error: ErrorBody): void {
    if (this.#state === "open")
      this.#end(this.#options.format.close(closeLine(endOfChannel(error), error.message)));
    else if (this.#state !== "over") this.#refuse(channelRefusal(error));
    this.#receiver?.transportClosed(error.code, false);
  }

  /** Ends the answer in the middle of something: its client comes back for all of that. */
  breakOff(): void {
    this.#over("", "the answer had to end in the middle of a message");
  }

  /** Ends the answer in good order. What was to be written must have been. */
  finish(): void {
    this.#over(this.#options.format.ping, "the answer is complete");
  }

  #over(last: string, reason: string): void {
    if (this.#state === "over") return;
    this.#guard(() => {
      this.#begin();
      this.#end(last);
      this.#receiver?.transportClosed(reason, false, BACK_MS);
    });
  }

  #put(text: string, chunks: number): void {
    const { format, onFrame } = this.#options;
    if (this.#state === "new" || this.#state === "held") this.#said += `${text}\n`;
    this.#write(format.frame(text));
    onFrame?.(text, chunks);
  }

  #write(text: string): void {
    if (this.#state === "open") {
      this.#response.write(text);
      return;
    }
    if (this.#state === "over") return;
    this.#held += text;
    if (this.#state === "held") return;
    this.#state = "held";
    queueMicrotask(() => this.#guard(() => this.#begin()));
  }

  /** Runs what nobody is there to catch the errors of: what fails ends the connection. */
  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      if (this.#receiver === undefined) this.terminate();
      else this.#receiver.abandon(error);
    }
  }

  #begin(): void {
    if (this.#state !== "held" && this.#state !== "new") return;
    const { contentType, opening } = this.#options.format;
    this.#state = "open";
    try {
      this.#response.writeHead(200, {
        "content-type": contentType,
        "cache-control": "no-store, no-transform",
        "x-accel-buffering": "no",
        "x-content-type-options": "nosniff",
        ...this.#options.headers,
      });
    } catch (error) {
      this.terminate();
      throw error;
    }
    this.#response.write(opening + this.#held);
    this.#held = this.#said = "";
    for (const run of this.#waiting.splice(0)) this.whenDrained(run);
  }

  #refuse(refusal: Refusal): void {
    this.#state = "over";
    this.#held = this.#said = "";
    try {
      refuse(this.#response, refusal, this.#options.headers);
    } catch (error) {
      // The peer must not wait for an answer that will never come.
      this.terminate();
      throw error;
    }
  }

  #end(last: string): void {
    this.#state = "over";
    this.#response.setTimeout(LINGER_MS, () => this.#response.destroy());
    this.#response.end(last);
  }
}

/** Whether lines are more than the error that refuses everything. */
function saysMore(lines: string): boolean {
  return lines !== "" && !/^\{("id":\d+,)?"error":.*\n$/.test(lines);
}

/** Whether a write was told to wait, so that 'drain' will come. */
function needsDrain({ writableNeedDrain, writableLength, writableHighWaterMark }: HttpResponse): boolean {
  return (
    writableNeedDrain ?? (writableHighWaterMark !== undefined && writableLength >= writableHighWaterMark)
  );
}
