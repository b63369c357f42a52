/** Looks into the process's first thread from another one, while that stands still: by the inspector, which needs no turn of its loop. */
import type { Debugger, Session } from "node:inspector";

/** So many frames say where it is. */
const MOST_FRAMES = 5;

export class MainThread {
  readonly #session: Session;

  private constructor(session: Session) {
    this.#session = session;
  }

  /** `undefined` where Node was built without an inspector. */
  static async connect(): Promise<MainThread | undefined> {
    try {
      const inspector = await import("node:inspector");
      const session = new inspector.Session();
      session.connectToMainThread();
      return new MainThread(session);
    } catch {
      return undefined;
    }
  }

  /** Holds it where it is, for good, and says where that is, the innermost function first. Never settles for one that waits for the system. */
  stop(): Promise<readonly string[]> {
    const urls = new Map<string, string>();
    this.#session.on("Debugger.scriptParsed", ({ params: { scriptId, url } }) => urls.set(scriptId, url));
    return new Promise((resolve) => {
      this.#session.once("Debugger.paused", ({ params }) => {
        resolve(params.callFrames.slice(0, MOST_FRAMES).map((frame) => frameText(frame, urls)));
      });
      this.#session.post("Debugger.enable");
      this.#session.post("Debugger.pause");
    });
  }

  /** Ends the process from inside, without a word to anybody in it. */
  exit(code: number): void {
    this.#session.post("Runtime.evaluate", { expression: `process.reallyExit(${code})` });
  }
}

function frameText(
  { functionName, location }: Debugger.CallFrame,
  urls: ReadonlyMap<string, string>,
): string {
  const { scriptId, lineNumber, columnNumber = 0 } = location;
  const name = functionName === "" ? "(anonymous)" : functionName;
  return `${name} (${urls.get(scriptId) ?? ""}:${lineNumber + 1}:${columnNumber + 1})`;
}
