/** A look at the wire: what goes and comes over a client's transport is counted and kept as text, and the link can be cut. */
import { openTransport, type Transport, type TransportEvents, type TransportFactory } from "tidemark/client";

/** A line that went or came. */
export interface WireLine {
  readonly direction: "sent" | "received" | "note";
  readonly text: string;
}

/** A message of a state channel, in figures. */
export interface WireMessage {
  /** Keys in it. */
  readonly keys: number;
  /** How many changes it stands for. */
  readonly changes: number;
}

/** So many lines are kept, each of at most so many characters. */
const MOST_LINES = 80;
const MOST_CHARACTERS = 400;

export class Tap {
  /** Bytes that came, as text: more than were on the wire where that is compressed. */
  bytes = 0;
  /** Those of messages among them: without answers, and without the two that now and then show that the server is there. */
  messageBytes = 0;
  /** The last lines, oldest first. */
  readonly lines: WireLine[] = [];
  readonly #onMessage: (message: WireMessage) => void;
  /** Ends a link from here. */
  readonly #links = new Set<() => void>();
  /** Commands that change a rate and have no answer yet. */
  readonly #tuning = new Set<number>();
  #isCut = false;

  constructor(onMessage: (message: WireMessage) => void) {
    this.#onMessage = onMessage;
  }

  /** Whether the server has yet to answer that it sends at another rate. */
  get tuning(): boolean {
    return this.#tuning.size > 0;
  }

  /** For the client's option `environment`. */
  readonly transport: TransportFactory = (url, events, name, better) => {
    if (this.#isCut) return refused(events);
    let cut = (): void => {};
    const end = (): void => void this.#links.delete(cut);
    const tapped: TransportEvents = {
      open: () => events.open(),
      frame: (frame, aside) => {
        this.#came(frame);
        events.frame(frame, aside);
      },
      over: () => events.over(),
      idle: () => events.idle(),
      better: (adopt) => events.better(adopt),
      close: (code, reason, cause) => {
        end();
        this.#note(`closed (${code}) ${reason}`);
        events.close(code, reason, cause);
      },
    };
    const transport = openTransport(url, tapped, name, better);
    cut = () => {
      transport.close();
      tapped.close(1006, "cut off by hand");
    };
    this.#links.add(cut);
    return {
      send: (frame) => {
        this.#went(frame);
        transport.send(frame);
      },
      close: (goodbye) => {
        end();
        transport.close(goodbye);
      },
    };
  };

  /** Ends what is open, and lets nothing through until `mend`. */
  cut(): void {
    this.#isCut = true;
    for (const cut of this.#links) cut();
  }

  mend(): void {
    this.#isCut = false;
  }

  #went(frame: string | Uint8Array): void {
    if (typeof frame !== "string") return;
    for (const line of frame.split("\n")) {
      this.#keep("sent", line);
      const id = /^\{"id":(\d+),"tune":/.exec(line)?.[1];
      if (id !== undefined) this.#tuning.add(Number(id));
    }
  }

  #came(frame: string | Uint8Array): void {
    this.bytes += frame.length;
    if (typeof frame !== "string") return;
    for (const line of frame.split("\n")) {
      this.#keep("received", line);
      if (line.startsWith("[")) {
        this.messageBytes += line.length;
        this.#onMessage(figuresOf(line));
      } else this.#tuning.delete(Number(/^\{"id":(\d+)/.exec(line)?.[1]));
    }
  }

  #note(text: string): void {
    this.#tuning.clear();
    this.#keep("note", text);
  }

  #keep(direction: WireLine["direction"], text: string): void {
    const more = text.length - MOST_CHARACTERS;
    const shown = more > 0 ? `${text.slice(0, MOST_CHARACTERS)}… and ${more} characters more` : text;
    this.lines.push({ direction, text: shown });
    if (this.lines.length > MOST_LINES) this.lines.shift();
  }
}

/** `[channel, offset, [key, value, …], { del, merged, … }]`; one without keys says only how far the subscriber is. */
function figuresOf(line: string): WireMessage {
  const [, , set = [], meta = {}] = JSON.parse(line) as [
    number,
    number,
    unknown[]?,
    { readonly del?: readonly string[]; readonly merged?: number }?,
  ];
  const keys = set.length / 2 + (meta.del?.length ?? 0);
  return { keys, changes: meta.merged ?? keys };
}

/** A link that does not come to be. */
function refused(events: TransportEvents): Transport {
  const timer = setTimeout(() => events.close(1006, "cut off by hand"), 0);
  return { send: () => {}, close: () => clearTimeout(timer) };
}
