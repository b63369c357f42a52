/**
 * Things done at a fixed rate, whatever becomes of them. Each is told when it was to happen: a load that waits for
 * a slow server would not notice how slow it is.
 */
import { micros } from "./payload.js";

/** How long the loop rests when nothing is due, in milliseconds. */
const REST_MS = 1;

/**
 * Calls `act` `count` times, `rate` times a second, with the index and the intended time in microseconds; calls
 * `settle` after each burst of them. Resolves after the last one, or when `running` says so.
 */
export function openLoop(
  {
    rate,
    count,
    running = () => true,
  }: { readonly rate: number; readonly count: number; readonly running?: () => boolean },
  act: (index: number, time: number) => void,
  settle: () => void = () => {},
): Promise<void> {
  const start = micros();
  let done = 0;
  return new Promise((resolve) => {
    const turn = (): void => {
      const due = Math.min(count, Math.floor(((micros() - start) * rate) / 1e6) + 1);
      if (done < due) {
        for (; done < due; done++) act(done, start + Math.floor((done * 1e6) / rate));
        settle();
      }
      if (done < count && running()) setTimeout(turn, REST_MS);
      else resolve();
    };
    turn();
  });
}
