import type { StandardSchemaV1 } from "@standard-schema/spec";

/**
 * A schema for binary messages. What is published may be any view of bytes, or an ArrayBuffer; what arrives is a
 * `Uint8Array`.
 *
 * @example "files/:id": stream({ message: bytes({ max: 16_384 }) })
 */
export function bytes(
  options: { readonly max?: number } = {},
): StandardSchemaV1<ArrayBufferView | ArrayBufferLike, Uint8Array> {
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
