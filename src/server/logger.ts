/**
 * What the server tells its operator. pino and console fit. It is never given tokens or payloads. A logger MUST NOT
 * wait for what it writes to: it is called in the middle of things. What it throws is lost.
 */
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
