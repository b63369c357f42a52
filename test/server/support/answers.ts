/** The code of the error that a command was answered with. */
export const code = (answer: Record<string, unknown>): unknown =>
  (answer["error"] as { code?: unknown } | undefined)?.code;
