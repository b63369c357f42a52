/**
 * A function call into a process of our own: servers and load generators run apart from whoever measures them.
 * The child calls {@link expose}, the parent {@link Remote.start}; arguments and results are JSON.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** What a child offers: functions of one argument. */
export type Functions = Record<string, (argument: never) => unknown>;

type Argument<F extends Functions, Name extends keyof F> =
  Parameters<F[Name]> extends [] ? [] : [argument: Parameters<F[Name]>[0]];

interface Question {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

export interface StartOptions {
  /** The processor core it is bound to, where the system can do that; see `cores.ts`. */
  readonly core?: number | undefined;
  /** For Node, such as `--expose-gc`. */
  readonly execArgv?: readonly string[];
}

/** Answers the parent's calls from now on; ends the process when the parent is gone. */
export function expose(functions: Functions): void {
  process.on("message", ({ id, name, argument }: Question) => {
    void answer(id, async () => functions[name]?.(argument as never));
  });
  process.on("disconnect", () => process.exit());
  process.send?.({ id: 0 } satisfies Answer);
}

async function answer(id: number, run: () => Promise<unknown>): Promise<void> {
  try {
    process.send?.({ id, result: await run() } satisfies Answer);
  } catch (thrown) {
    const error = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    process.send?.({ id, error } satisfies Answer);
  }
}

/** A process that runs `file` and answers calls. When it ends too early, calls reject. */
export class Remote<F extends Functions> {
  readonly #file: string;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<
    number,
    { resolve: (result: unknown) => void; reject: (error: Error) => void }
  >();
  #lastId = 0;
  #ended: Error | undefined;

  private constructor(file: string, child: ChildProcess) {
    this.#file = file;
    this.#child = child;
    child.on("message", (message) => this.#answered(message as Answer));
    child.on("error", (error) => this.#end(error));
    child.on("exit", (code, signal) => {
      this.#end(new Error(`${this.#file} ended with ${signal ?? `code ${String(code)}`}`));
    });
  }

  /** Starts the process and waits until it can be called. `file` is relative to the caller's `import.meta.url`. */
  static async start<F extends Functions>(
    file: string,
    base: string,
    options: StartOptions = {},
  ): Promise<Remote<F>> {
    const path = fileURLToPath(new URL(file, base));
    const command = [process.execPath, ...(options.execArgv ?? []), path];
    const bound = options.core === undefined ? command : ["taskset", "-c", String(options.core), ...command];
    const child = spawn(bound[0] as string, bound.slice(1), {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const remote = new Remote<F>(file, child);
    await new Promise((resolve, reject) => remote.#waiting.set(0, { resolve, reject }));
    return remote;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Why it is not running any more, if so. */
  get ended(): Error | undefined {
    return this.#ended;
  }

  call<Name extends keyof F & string>(
    name: Name,
    ...[argument]: Argument<F, Name>
  ): Promise<Awaited<ReturnType<F[Name]>>> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      // The child was compiled with us: what it answers is what its function returns.
      this.#waiting.set(id, { resolve: resolve as (result: unknown) => void, reject });
      this.#child.send({ id, name, argument } satisfies Question);
    });
  }

  async stop(): Promise<void> {
    if (this.#ended !== undefined) return;
    const exit = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await exit;
  }

  /** Ends the process as if it had crashed. Calls that are under way reject. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #answered({ id, result, error }: Answer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(new Error(error));
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
