import { onTestFinished } from "vitest";

const EVENTS = ["uncaughtException", "unhandledRejection"] as const;

/** Everything that reaches the process until the test is over: outside of a test it would have ended that. */
export function whatReachesProcess(): unknown[] {
  const reached: unknown[] = [];
  const take = (error: unknown): void => void reached.push(error);
  for (const event of EVENTS) {
    // The test runner's own would fail the run, and not say which test it was.
    const others = process.listeners(event as "uncaughtException");
    process.removeAllListeners(event);
    process.on(event, take);
    onTestFinished(() => {
      process.off(event, take);
      for (const other of others) process.on(event as "uncaughtException", other);
    });
  }
  return reached;
}
