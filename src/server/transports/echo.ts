/** The smallest server there is: whatever comes in goes out again. No channels. */
import { binaryFrame, textFrame } from "./frame.js";
import type { Receiver, WebSocketLink } from "./websocket.js";

/** Unsent bytes at which the echo stops listening until its peer has read some. */
const HIGH_WATER = 256 * 1024;

/** Text and binary, fragmented or not; a peer that does not read is not read from. */
export class Echo implements Receiver {
  readonly #link: WebSocketLink;
  #full = false;

  constructor(link: WebSocketLink) {
    this.#link = link;
  }

  receiveText(bytes: Buffer, from: number, to: number, ascii: boolean): void {
    this.#send(textFrame(bytes.toString(ascii ? "latin1" : "utf8", from, to), ascii));
  }

  receiveBinary(bytes: Uint8Array): void {
    this.#send(binaryFrame(bytes));
  }

  alive(): void {}

  transportClosed(): void {}

  abandon(): void {
    this.#link.terminate();
  }

  #send(frame: string | Buffer): void {
    this.#link.send(frame);
    if (this.#full || this.#link.unsent < HIGH_WATER) return;
    this.#full = true;
    this.#link.pause();
    this.#link.whenDrained(() => {
      this.#full = false;
      this.#link.resume();
    });
  }
}
