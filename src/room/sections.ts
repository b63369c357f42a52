/**
 * A frame's bytes about one table: which rows have left, those that come with all their columns, and what has changed of the others.
 *
 *     section = byte  index of the table in its lowest six bits; 0x40: rows leave or come
 *               [count of leaves, count of enters]   where they do
 *               count of updates · leaves: ids · enters: id, key, columns · updates
 *
 * Counts and ids are varints. A section that would say nothing is left out.
 */
import type { ByteWriter } from "./byte-writer.js";
import { NOTHING, type Fragments } from "./fragments.js";
import { HAS_MEMBERS } from "./section-bits.js";

/** Ids of rows that leave, come and stay: as many of each as the counts say. */
export class Lists {
  leaves = new Uint16Array(0);
  enters = new Uint16Array(0);
  stays = new Uint16Array(0);
  leaveCount = 0;
  enterCount = 0;
  stayCount = 0;

  /** Empties them, and makes room for so many ids in each. */
  reset(capacity: number): void {
    this.leaveCount = 0;
    this.enterCount = 0;
    this.stayCount = 0;
    if (this.stays.length >= capacity) return;
    this.leaves = new Uint16Array(capacity);
    this.enters = new Uint16Array(capacity);
    this.stays = new Uint16Array(capacity);
  }
}

/** Lists all rows of a table, for one who had all of them in tick `from`, or nothing. */
export function listAll(lists: Lists, { history, tick }: Fragments, from: number): void {
  const { entities } = history;
  lists.reset(entities.capacity);
  if (from !== NOTHING && entities.lastDeath > from)
    for (const id of history.idsAt(from)) if (!entities.isAt(id, tick)) lists.leaves[lists.leaveCount++] = id;
  for (const id of history.idsAt(tick))
    if (from === NOTHING || (entities.born[id] as number) > from) lists.enters[lists.enterCount++] = id;
    else lists.stays[lists.stayCount++] = id;
}

/** Writes a section whose rows that stay were all as they were in tick `from`. */
export function writeSection(
  to: ByteWriter,
  table: number,
  fragments: Fragments,
  lists: Lists,
  from: number,
): void {
  const start = to.size;
  const counted = beginSection(to, table, fragments, lists);
  endSection(to, start, counted, writeUpdates(to, fragments, lists, from));
}

/** Writes a section up to its updates, and says where their count belongs. */
export function beginSection(to: ByteWriter, table: number, fragments: Fragments, lists: Lists): number {
  const { leaves, leaveCount, enters, enterCount } = lists;
  const hasMembers = leaveCount + enterCount > 0;
  to.u8(table | (hasMembers ? HAS_MEMBERS : 0));
  if (hasMembers) {
    to.varint(leaveCount);
    to.varint(enterCount);
  }
  const counted = to.size;
  to.u8(0);
  for (let i = 0; i < leaveCount; i++) to.varint(leaves[i] as number);
  if (enterCount > 0) {
    const parts = fragments.enters();
    for (let i = 0; i < enterCount; i++) {
      const id = enters[i] as number;
      fragments.enter(parts, id);
      fragments.copy(to, parts, id);
    }
  }
  return counted;
}

/** Puts the count of updates into its place; leaves out a section that says nothing. */
export function endSection(to: ByteWriter, start: number, counted: number, updates: number): void {
  if (updates === 0 && counted === start + 1) {
    to.size = start;
    return;
  }
  if (updates < 0x80) {
    to.bytes[counted] = updates;
    return;
  }
  const end = to.size;
  const more = updates < 0x4000 ? 1 : 2;
  to.reserve(8);
  to.bytes.copyWithin(counted + 1 + more, counted + 1, end);
  to.size = counted;
  to.varint(updates);
  to.size = end + more;
}

/** Hot: once per viewer and row that it sees. */
function writeUpdates(to: ByteWriter, fragments: Fragments, lists: Lists, from: number): number {
  const { stays, stayCount } = lists;
  if (stayCount === 0) return 0;
  const { changed } = fragments.history.entities;
  const parts = fragments.since(from);
  let updates = 0;
  for (let i = 0; i < stayCount; i++) {
    const id = stays[i] as number;
    if ((changed[id] as number) <= from || fragments.update(parts, id, from) === 0) continue;
    fragments.copy(to, parts, id);
    updates++;
  }
  return updates;
}
