/** Nothing of this is to happen. */
export function raise(error: unknown): void {
  throw error instanceof Error ? error : new Error(String(error));
}
