import type { CallEvent } from "./events.js";
import type { Findings } from "./findings.js";

interface Called {
  readonly caller: string;
  runs: number;
  outcome: "open" | "ok" | "failed" | "never" | "unknown";
}

/** Judges calls of methods: each runs at most once, and its answer is its own and true. */
export class CallJudge {
  readonly #findings: Findings;
  readonly #calls = new Map<string, Called>();

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  on(event: CallEvent): void {
    const { id } = event;
    if (event.is === "call") {
      this.#calls.set(id, { caller: event.caller, runs: 0, outcome: "open" });
      return;
    }
    const call = this.#calls.get(id);
    if (call === undefined) return this.#wrong(`${id} has a ${event.is}, and nobody called it`);
    if (event.is === "run") {
      call.runs += 1;
      if (call.runs > 1) this.#wrong(`${id} of ${call.caller} ran ${call.runs} times`);
      return;
    }
    if (call.outcome !== "open") this.#wrong(`${id} of ${call.caller} was answered twice`);
    call.outcome = event.outcome;
    const isAnswered = event.outcome === "ok" || event.outcome === "failed";
    if (isAnswered && call.runs === 0)
      this.#wrong(`${id} of ${call.caller} was answered, and it had not run`);
    if (event.outcome === "ok" && event.value !== id)
      this.#wrong(`${id} of ${call.caller} got the answer to ${String(event.value)}`);
  }

  /** Every call has its outcome by now. */
  quiet(): void {
    for (const [id, { caller, outcome }] of this.#calls)
      if (outcome === "open") this.#findings.add("progress", `the call ${id} of ${caller} has no answer`);
  }

  end(): void {
    for (const [id, { caller, runs, outcome }] of this.#calls)
      if (outcome === "never" && runs > 0)
        this.#wrong(`${caller} was told that ${id} has not run, and it has`);
  }

  #wrong(what: string): void {
    this.#findings.add("calls", what);
  }
}
