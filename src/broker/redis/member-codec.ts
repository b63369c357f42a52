import type { Member } from "../../protocol/index.js";

/** A member as Redis keeps it: JSON. */
export function writeMember({ id, data }: Member): string {
  return JSON.stringify(data === undefined ? { id } : { id, data });
}

/** What {@link writeMember} wrote, parsed. */
export function readMember(value: unknown): Member {
  const { id, data } = Object(value) as Record<string, unknown>;
  return data === undefined ? { id: String(id) } : { id: String(id), data };
}
