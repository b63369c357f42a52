/** What the server tells its operator. pino and console fit. Never tokens, never payloads. */
export interface Logger {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** Says nothing. */
export const silentLogger: Logger = { info() {}, warn() {}, error() {} };

/** One line of JSON per event on standard error: warnings and errors only. */
export const defaultLogger: Logger = {
  info() {},
  warn: (fields, message) => write("warn", fields, message),
  error: (fields, message) => write("error", fields, message),
};

function write(level: string, fields: Readonly<Record<string, unknown>>, message: string): void {
  const plain = Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      value instanceof Error ? (value.stack ?? value.message) : value,
    ]),
  );
  process.stderr.write(`${JSON.stringify({ level, message, ...plain })}\n`);
}
