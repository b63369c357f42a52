/** A WebSocket to type into: connects when the first line is sent, and shows what goes and comes. */
import { el } from "../../shared/page/dom.js";

/** Older lines make room, so that a page left open does not fill up. */
const MOST_LINES = 200;

type Direction = "sent" | "received" | "note";

const MARKS: Readonly<Record<Direction, string>> = { sent: "→", received: "←", note: "·" };

export class SocketLog {
  readonly #url: string;
  readonly #lines: HTMLElement;
  #socket: WebSocket | undefined;
  #waiting: string[] = [];

  /** @param lines the element that shows what goes and comes */
  constructor(url: string, lines: HTMLElement) {
    this.#url = url;
    this.#lines = lines;
  }

  /** Sends a line, now or as soon as there is a connection. */
  send(line: string): void {
    this.#show("sent", line);
    const socket = (this.#socket ??= this.#open());
    if (socket.readyState === WebSocket.OPEN) socket.send(line);
    else this.#waiting.push(line);
  }

  #open(): WebSocket {
    const socket = new WebSocket(this.#url);
    socket.addEventListener("open", () => {
      for (const line of this.#waiting) socket.send(line);
      this.#waiting = [];
    });
    socket.addEventListener("message", ({ data }) => {
      if (typeof data !== "string") return this.#show("received", "(bytes)");
      // Several answers may share a frame, one per line.
      for (const line of data.split("\n")) this.#show("received", line);
    });
    socket.addEventListener("close", ({ code, reason }) => {
      this.#socket = undefined;
      this.#waiting = [];
      this.#show("note", reason === "" ? `closed (${code})` : `closed (${code}): ${reason}`);
    });
    return socket;
  }

  #show(direction: Direction, line: string): void {
    const lines = this.#lines;
    lines.append(
      el(
        "div",
        { class: direction, "data-direction": direction },
        el("span", { class: "mark", "aria-hidden": "true" }, MARKS[direction]),
        el("code", {}, line),
      ),
    );
    while (lines.childElementCount > MOST_LINES) lines.firstElementChild?.remove();
    lines.scrollTop = lines.scrollHeight;
  }
}
