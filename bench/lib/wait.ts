/** Real time passing: for what only a real server's own clock ends. */
export function elapse(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until something has come true, and fails when it does not. */
export async function until(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  patience = 10_000,
): Promise<void> {
  const end = performance.now() + patience;
  while (!(await isTrue())) {
    if (performance.now() > end) throw new Error(`waited ${patience} ms in vain: ${what}`);
    await elapse(10);
  }
}
