/** The first byte of a frame's section: the index of its table, and what else is in it. */

/** In a section's first byte: rows leave or come. */
export const HAS_MEMBERS = 0x40;
/** In a section's first byte: the order of the rows follows, as only other processes get it. */
export const HAS_ORDER = 0x80;
/** The bits of a section's first byte that name its table: there are 64 at most. */
export const TABLE_BITS = 0x3f;
