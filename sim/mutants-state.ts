/** Planted bugs of channels that are kept by keys; see `mutants-table.ts`. */
import type { Mutant } from "./mutants-table.js";

const BUGS: readonly Omit<Mutant, "kind">[] = [
  // The log.
  {
    name: "tombstone-not-written",
    about: "what was deleted is not there to be read by whoever was away",
    file: "src/broker/log/slots/slot-map.ts",
    find: "this.#order.push({ slot, held });",
    replace: "if (data !== undefined) this.#order.push({ slot, held });",
    promise: "one map",
  },
  {
    name: "tombstone-dropped-untold",
    about: "the log lets go of a tombstone, and its floor stays where it was",
    file: "src/broker/log/slots/slot-map.ts",
    find: "this.#floor = Math.max(this.#floor, offset);",
    replace: "",
    promise: "one map",
  },
  {
    name: "page-cut-inside-an-offset",
    about: "a page ends in the middle of a change",
    file: "src/broker/log/slots/slot-map.ts",
    find: "if (held.entry.offset !== head.offset) break;",
    replace: "if (held.entry.offset !== head.offset || changes.length > 0) break;",
    promise: "one map",
  },
  {
    name: "condition-without-epoch",
    about: "a cursor of an epoch that lost its end counts as one of now",
    file: "src/broker/log/slots/decide.ts",
    find: 'if (standing === "epoch" || standing === "rollback") return false;',
    replace: "",
    promise: "conditions",
  },
  {
    name: "missing-slot-unchanged",
    about: "a slot of which nothing is known counts as unchanged",
    file: "src/broker/log/slots/decide.ts",
    find: "return held === undefined ? cursor.offset >= moment.floor",
    replace: "return held === undefined ? true",
    promise: "conditions",
  },
  {
    name: "first-condition-only",
    about: "of several conditions only the first is looked at",
    file: "src/broker/log/slots/decide.ts",
    find: "for (const condition of conditions) {",
    replace: "for (const condition of conditions.slice(0, 1)) {",
    promise: "conditions",
  },
  // A node's reading.
  {
    name: "walk-shown-early",
    about: "a node serves what it has read before it has read all of it",
    file: "src/server/kinds/slots/slot-walk.ts",
    find: 'if (!reached) return { go: "on", after: this.#at };',
    replace: "if (!reached) return this.#ended([]);",
    promise: "one map",
  },
  {
    name: "walk-judged-by-its-place",
    about: "a walk from the beginning is unsound where tombstones were dropped before it began",
    file: "src/server/kinds/slots/slot-walk.ts",
    find: "} else if (floor > Math.max(first, this.#at)) this.#unsound = true;",
    replace: "} else if (floor > this.#at) this.#unsound = true;",
    promise: "progress",
  },
  {
    name: "repair-judged-by-head",
    about: "a repair goes on although tombstones were dropped behind the place that it reads from",
    file: "src/server/kinds/slots/slot-walk.ts",
    find: "if (floor > this.#at) return",
    replace: "if (floor > Math.max(first, this.#at)) return",
    promise: "one map",
  },
  {
    name: "floor-of-first-page",
    about: "a memory's floor is what the first page of its walk said",
    file: "src/server/kinds/slots/slot-walk.ts",
    find: "this.#floor = Math.max(this.#floor, floor);",
    replace: "if (this.#at === this.#from) this.#floor = floor;",
    promise: "one map",
  },
  {
    name: "memory-kept-after-rollback",
    about: "a node goes on with what it holds, of which the broker has lost some",
    file: "src/server/feed/slots/replica.ts",
    find: 'return standing === "on" || standing === "failover" ? walk.page(page) : { go: "again" };',
    replace: "return walk.page(page);",
    promise: "one map",
  },
  {
    name: "hole-in-changes-unnoticed",
    about: "a hint that does not follow the last one is taken all the same",
    file: "src/server/feed/slots/replica.ts",
    find: "if (entry.prev !== memory.head || entry.changes === undefined) {",
    replace: "if (entry.changes === undefined) {",
    promise: "one map",
  },
  // What subscribers are told.
  {
    name: "cut-of-a-live-map",
    about: "the pages of a message are made of what the map is when each is sent",
    file: "src/server/feed/slots/catch-up.ts",
    find: 'sendNext(subscriber, sending.cut) : "full"',
    replace:
      'sendNext(subscriber, { ...sending.cut, from: sending.cut.from, end: sending.cut.end, pages: sending.cut.pages, page: (i) => this.#owner.memory.cut(sending.cut.from, seat.lane.view)?.page(i) ?? sending.cut.page(i) }) : "full"',
    promise: "one map",
  },
  {
    name: "cut-from-0-for-a-cursor",
    about: "whoever comes back is sent all that there is, which names nothing that was deleted",
    file: "src/server/feed/slots/cuts.ts",
    find: "if (from.offset === 0 || cut.from.offset === 0) return from.offset === cut.from.offset;",
    replace: "if (from.offset === 0) return cut.from.offset === 0;",
    promise: "one map",
  },
  {
    name: "cursor-moved-by-a-part",
    about: "the server takes somebody to be at the end of a message of which a part was sent",
    file: "src/server/feed/slots/catch-up.ts",
    find: "subscriber.cursor = cursor;",
    replace: "subscriber.cursor = sending.cut.end;",
    promise: "progress",
  },
  {
    name: "failover-from-the-base",
    about: "behind a failover one goes on from where the epoch began",
    file: "src/server/feed/slots/catch-up.ts",
    find: 'const until = reason === "failover" ? after : 0;',
    replace: 'const until = reason === "failover" ? (this.#replica.place.epochs.at(-1)?.base ?? 0) : 0;',
    promise: "honest gaps",
  },
  {
    name: "view-not-compared",
    about: "a cursor counts for whoever sees other keys",
    file: "src/server/feed/slots/slots-feed.ts",
    find: "const cursor = wanted.view === view.id ?",
    replace: "const cursor = wanted.rate !== -1 ?",
    promise: "one map",
  },
  {
    name: "few-keys-without-cursors",
    about: "who sees few keys is not told where it stands",
    file: "src/server/feed/slots/lane.ts",
    find: "const due = Math.max(this.#toldAt + CURSOR_MS, nextAfter(this.rate, this.#usedAt));",
    replace: "const due = Infinity; if (due > 0) return;",
    promise: "progress",
  },
  // What is asked.
  {
    name: "equality-of-the-node",
    about: "a node leaves out what it holds already, and does not know that others have changed it",
    file: "src/server/connection/publish/hand-over.ts",
    find: "node.appender.change(name, def.slots as SlotsOptions, new ChangeJob(parts));",
    replace: `const all = parts.changes;
  const feed = node.hub.get(name)?.feed;
  const told = (slot) => feed?.memory.cut({ epoch: "", offset: 0 }, { key: "", wants: (one) => one === slot })?.page(0)?.text ?? "";
  const changes = "decide" in all ? all : all.filter(({ slot, data: value }) => value === undefined || !told(slot).endsWith("," + value + "]]"));
  node.appender.change(name, def.slots as SlotsOptions, new ChangeJob({ ...parts, changes }));`,
    promise: "acknowledged",
  },
  {
    name: "expiry-without-condition",
    about: "a node deletes what was due when it asked, whatever has been said since",
    file: "src/server/feed/slots/expiry.ts",
    find: 'if: [{ slot, unchangedSince: "due" }],',
    replace: "",
    promise: "no complaints",
  },
];

export const STATE_MUTANTS: readonly Mutant[] = BUGS.map((bug) => ({ ...bug, kind: "state" }));
