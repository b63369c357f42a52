/** Calls `run` before the page is painted next; the function it returns prevents that. */
export type Painter = (run: () => void) => () => void;

export const realPainter: Painter = (run) => {
  const frame = requestAnimationFrame(run);
  return () => cancelAnimationFrame(frame);
};
