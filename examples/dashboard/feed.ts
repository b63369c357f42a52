/** Work that is done only while somebody looks. */
export type Feed = ReturnType<typeof feed>;

const LOOK_MS = 2000;

/**
 * Begins with each `begin`, that is with each subscription, unless it goes on already. Resolves when the first work is done: who
 * waits for that has something to see at once.
 *
 * @param work done every `ms`; `seconds` since the last time, 0 for the first time since nobody looked
 * @param isWatched asked every two seconds: when nobody is there the work ends
 */
export function feed(ms: number, work: (seconds: number) => unknown, isWatched: () => Promise<boolean>) {
  let timer: NodeJS.Timeout | undefined;
  let first: Promise<void> | undefined;
  let [last, looked] = [0, 0];
  const end = (): void => {
    clearInterval(timer);
    timer = undefined;
  };
  const run = async (seconds: number): Promise<void> => {
    last += seconds * 1000;
    await work(seconds);
    if (last - looked < LOOK_MS) return;
    const asked = (looked = last);
    // Whoever comes while it is being asked is not there yet.
    if (!(await isWatched()) && looked === asked) end();
  };
  const begin = async (): Promise<void> => {
    looked = performance.now();
    if (timer === undefined) {
      last = looked;
      timer = setInterval(() => void run((performance.now() - last) / 1000).catch(console.error), ms);
      first = run(0);
    }
    await first;
  };
  return { begin, end };
}
