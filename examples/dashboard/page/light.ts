/** The light that is green as long as no change was ever seen in halves: money moves, and in all it is always as much. */
import { state, type StateHandle } from "tidemark/state";
import { byId } from "../../shared/page/dom.js";
import { TOTAL } from "../accounts.js";
import { showWhole } from "./format.js";
import type { Viewer } from "./viewer.js";

export type LightState = "waiting" | "good" | "bad";

export class Light {
  readonly #viewer: Viewer;
  readonly #onState: (state: LightState) => void;
  #accounts: StateHandle<number, number>;
  #state: LightState = "waiting";
  #seen = 0;
  #wrong = 0;

  constructor(viewer: Viewer, onState: (state: LightState) => void) {
    this.#viewer = viewer;
    this.#onState = onState;
    this.#accounts = this.#join();
    byId("join-again", HTMLButtonElement).addEventListener("click", () => {
      viewer.drop(this.#accounts);
      // Not in the same turn, in which the subscription would just go on.
      setTimeout(() => (this.#accounts = this.#join()), 0);
    });
  }

  #join(): StateHandle<number, number> {
    const { rt, rate } = this.#viewer;
    const accounts = this.#viewer.take(state(rt, "accounts", { rate }));
    accounts.on("changes", () => this.#check(accounts.map));
    return accounts;
  }

  #check(balances: ReadonlyMap<string, number>): void {
    let sum = 0;
    for (const balance of balances.values()) sum += balance;
    this.#seen++;
    if (sum !== TOTAL) this.#wrong++;
    byId("light-sum", HTMLElement).textContent =
      `${showWhole(sum)} now, after ${showWhole(this.#seen)} looks`;
    // Once is enough: it does not become green again.
    const now = this.#wrong > 0 ? "bad" : "good";
    if (now === this.#state) return;
    this.#state = now;
    byId("light-text", HTMLElement).textContent =
      now === "good" ? `The sum has always been ${showWhole(TOTAL)}` : `The sum was ${showWhole(sum)} once`;
    this.#onState(now);
  }
}
