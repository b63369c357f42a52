/** Work that is done once for all calls since the last time. */
export interface OncePerFrame {
  (): void;
  /** Does it at once. */
  readonly now: () => void;
}

/**
 * A function that does its work once for all calls since the last time, when the browser is about to paint. A
 * page in the background paints nothing, so it does not wait for that longer than a moment.
 */
export function oncePerFrame(work: () => void): OncePerFrame {
  let frame = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const now = (): void => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    timer = undefined;
    work();
  };
  const later = (): void => {
    if (timer !== undefined) return;
    frame = requestAnimationFrame(now);
    timer = setTimeout(now, 100);
  };
  return Object.assign(later, { now });
}
