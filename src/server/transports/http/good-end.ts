/** The end in good order of an answer that its client asks for again. */
import type { Clock } from "../../../protocol/index.js";
import type { Connection } from "../../connection/connection.js";
import type { HttpResponse } from "./exchange.js";
import type { HttpLink } from "./link.js";

export class GoodEnd {
  readonly #connection: Connection;
  readonly #link: HttpLink;
  readonly #response: HttpResponse;
  readonly #clock: Clock;
  readonly #most: number;
  #begun = false;

  /** @param most milliseconds that the rest of a message may take */
  constructor(connection: Connection, link: HttpLink, response: HttpResponse, clock: Clock, most: number) {
    this.#connection = connection;
    this.#link = link;
    this.#response = response;
    this.#clock = clock;
    this.#most = most;
  }

  /** Ends the answer; what is in the middle comes to its end before, and no other message of several parts is begun. */
  begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    // While connect is being answered, there is nothing to wait for.
    if (this.#connection.stage !== "open") return this.#link.finish();
    this.#connection.finish();
    if (this.#connection.closed) return;
    const timer = this.#clock.setTimeout(() => this.#link.finish(), this.#most);
    this.#response.once("close", () => this.#clock.clearTimeout(timer));
  }
}
