/** An event loop whose turns come, and whose time passes, when the test says so. */
export class Loop {
  now = 0;
  #runs: (() => void)[] = [];
  readonly clock = {
    now: () => this.now,
    monotonic: () => this.now,
    setTimeout: () => 0,
    clearTimeout: () => {},
    setImmediate: (run: () => void) => void this.#runs.push(run),
  };

  turn(): void {
    for (const run of this.#runs.splice(0)) run();
  }
}
