/** Sets the target of a symbol, on condition that nobody else has changed it since the dialog was opened. */
import { TidemarkError } from "tidemark/client";
import { isConflict, type StateHandle } from "tidemark/state";
import { byId } from "../../shared/page/dom.js";
import { showPrice } from "./format.js";

export class TargetDialog {
  readonly #dialog = byId("target-dialog", HTMLDialogElement);
  readonly #field = byId("target", HTMLInputElement);
  readonly #problem = byId("target-problem", HTMLElement);
  readonly #save = byId("target-save", HTMLButtonElement);
  readonly #targets: () => StateHandle<number, number> | undefined;
  #symbol = "";
  /** Since when nobody may have changed it: where the map was when it was looked at. */
  #since: string | undefined;

  constructor(targets: () => StateHandle<number, number> | undefined) {
    this.#targets = targets;
    byId("target-cancel", HTMLButtonElement).addEventListener("click", () => this.#dialog.close());
    byId("target-remove", HTMLButtonElement).addEventListener("click", () => void this.#change(undefined));
    byId("target-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      const value = this.#field.valueAsNumber;
      if (Number.isNaN(value)) this.#say("A target is a price, such as 101.30");
      else void this.#change(value);
    });
  }

  /** @param price what it costs now, offered where there is no target */
  open(symbol: string, price: number): void {
    const targets = this.#targets();
    this.#symbol = symbol;
    this.#since = targets?.cursor;
    this.#say("");
    this.#save.textContent = "Set it";
    byId("target-title", HTMLElement).textContent = `Target for ${symbol}`;
    this.#field.value = (targets?.map.get(symbol) ?? price).toFixed(2);
    this.#dialog.showModal();
    this.#field.select();
  }

  async #change(value: number | undefined): Promise<void> {
    const symbol = this.#symbol;
    this.#say("");
    const change = value === undefined ? { delete: [symbol] } : { set: { [symbol]: value } };
    const since = this.#since === undefined ? {} : { since: this.#since };
    this.#save.disabled = true;
    try {
      await this.#targets()?.change({ ...change, if: { keys: [symbol], ...since } });
      this.#dialog.close();
    } catch (error) {
      if (isConflict(error)) this.#changedMeanwhile(error.cursor, error.now.get(symbol));
      else this.#say(error instanceof TidemarkError ? error.message : String(error));
    } finally {
      this.#save.disabled = false;
    }
  }

  /** Whoever tries again has seen what the other one set. */
  #changedMeanwhile(cursor: string, now: unknown): void {
    this.#since = cursor;
    this.#say(`Changed meanwhile: now ${typeof now === "number" ? showPrice(now) : "there is none"}`);
    this.#save.textContent = "Set mine all the same";
  }

  #say(problem: string): void {
    this.#problem.textContent = problem;
  }
}
