import type { StandardSchemaV1 } from "@standard-schema/spec";

/**
 * A schema for binary messages.
 *
 * @example "files/:id": stream({ message: bytes({ max: 16_384 }) })
 */
export function bytes(options: { readonly max?: number } = {}): StandardSchemaV1<Uint8Array, Uint8Array> {
  const { max = Infinity } = options;
  return {
    "~standard": {
      version: 1,
      vendor: "tidemark",
      validate: (value) => {
        if (!(value instanceof Uint8Array)) return { issues: [{ message: "expected bytes" }] };
        if (value.length > max)
          return { issues: [{ message: `expected at most ${max} bytes, got ${value.length}` }] };
        return { value };
      },
    },
  };
}
