/**
 * A function that does its work once for all calls since the last time, when the browser is about to paint. A
 * page in the background paints nothing, so it does not wait for that longer than a moment.
 */
export function oncePerFrame(work: () => void): () => void {
  let frame = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const run = (): void => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    timer = undefined;
    work();
  };
  return () => {
    if (timer !== undefined) return;
    frame = requestAnimationFrame(run);
    timer = setTimeout(run, 100);
  };
}
