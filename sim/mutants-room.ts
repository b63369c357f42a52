/** Planted bugs of rooms; see `mutants-table.ts`. */
import type { Mutant } from "./mutants-table.js";

const OWNER = "src/server/kinds/room/owner";
const REPLICA = "src/server/kinds/room/replica";
const RUN = "src/server/kinds/room/run";

const BUGS: readonly Omit<Mutant, "kind">[] = [
  // Who may write.
  {
    name: "append-without-the-fence",
    about: "a room's log takes what is written under reigns that are over",
    file: `${OWNER}/room-log.ts`,
    find: "fenced: true,",
    replace: "",
    promise: "one owner",
  },
  {
    name: "reign-counted-from-the-answer",
    about: "an owner counts its time from when it hears of a renewal, and not from when it asked for it",
    file: `${OWNER}/tenure.ts`,
    find: "this.#until = Math.max(this.#until, sent + ttl - margin);",
    replace: "this.#until = Math.max(this.#until, clock.monotonic() + ttl - margin);",
    promise: "one owner",
  },
  {
    name: "stale-reign-goes-on",
    about: "a renewal that succeeds late revives an owner whose time was over",
    file: `${OWNER}/tenure.ts`,
    find: 'if (!this.#isOver && this.#deps.clock.monotonic() >= this.#until) this.#over("late");',
    replace: "",
    promise: "one owner",
  },
  {
    name: "reign-named-by-its-number",
    about: "reigns are named by their number, which comes again when the log has lost its end",
    file: `${OWNER}/takeover.ts`,
    find: "const name = random.id().slice(0, REIGN_LETTERS);",
    replace:
      'const name = String(1 + ((await readRoom(broker, channel)).reign?.n ?? 0)).padStart(REIGN_LETTERS, "0");',
    promise: "one owner",
  },
  {
    name: "read-before-the-reign",
    about: "whoever takes a room over goes on from what it read before it reigned",
    file: `${OWNER}/takeover.ts`,
    find: `const reign = await ask(deps, channel, asked);
  if ("heldBy" in reign) return { is: "held", by: reign.heldBy, left: reign.left };
  const held = { ...asked, token: reign.token };
  const watched = watchedOf({ room: channel, reign: name, owner: broker.node, held });
  try {
    const taken = await new Taking(deps, request, { reign, name, sent, watched }).take();`,
    replace: `const early = await broker.readSlots(channel, { after: 0, limit: 4096, bytes: 1 << 20 }, roomLogOptions());
  await new Promise((resolve) => clock.setTimeout(resolve, 400));
  const reign = await ask(deps, channel, asked);
  if ("heldBy" in reign) return { is: "held", by: reign.heldBy, left: reign.left };
  const held = { ...asked, token: reign.token };
  const watched = watchedOf({ room: channel, reign: name, owner: broker.node, held });
  try {
    const before = { node: broker.node, readSlots: async () => early, change: (...all) => broker.change(...all) };
    const taken = await new Taking({ ...deps, broker: before }, request, { reign, name, sent, watched }).take();`,
    promise: "one run",
  },
  {
    name: "short-reigns-not-counted",
    about: "a room that is the end of every process that has it is taken over again and again",
    file: `${OWNER}/reigns.ts`,
    find: 'return lastReign(last) === "good" ? last.reign.short : last.reign.short + 1;',
    replace: "return last.reign.short;",
    promise: "one owner",
  },
  {
    name: "memory-dropped-after-a-failover",
    about: "an owner that goes on reads its log anew, though its memory is newer",
    file: `${OWNER}/takeover.ts`,
    find: 'return isBest ? this.#keep(found, memory) : { is: "other" };',
    replace: 'return isBest ? this.#begin(found) : { is: "other" };',
    promise: "one run",
  },
  {
    name: "failover-unnoticed-by-its-owner",
    about: "an owner whose log has lost its end does not write down what it holds",
    file: `${OWNER}/keeper.ts`,
    find: "if (epoch !== this.#record.epoch) await this.#restate(epoch);",
    replace: "",
    promise: "seats",
  },
  {
    name: "deaf-owner-stays",
    about: "an owner that does not hear itself keeps its room",
    file: `${OWNER}/tenure.ts`,
    find: "if (clock.monotonic() - this.#heard > ttl && !this.#isDeaf) {",
    replace: "if (ttl < 0) {",
    promise: "progress",
  },
  {
    name: "released-without-saving",
    about: "an owner that lets go of its room does not save it first",
    file: `${OWNER}/keeper.ts`,
    find: "return writer.write([...changes, ledger.reign(this.#record)]);",
    replace: "return writer.write(ledger === undefined ? changes : [ledger.reign(this.#record)]);",
    promise: "one run",
  },
  {
    name: "empty-room-kept",
    about: "a room in which nobody is goes on for ever",
    file: `${OWNER}/idle-watch.ts`,
    find: "if (this.#deps.isIdle()) this.#deps.onIdle();",
    replace: "",
    promise: "progress",
  },
  // What is in the log, and when.
  {
    name: "shown-before-it-is-logged",
    about: "what has come of inputs is told while it is not known that they are in the log",
    file: `${OWNER}/reigning.ts`,
    find: "this.#isBusy = true; detach( this.keeper.write(changes).then((written) => {",
    replace: `this.#tell(made.replies);
    this.#isBusy = true;
    detach(
      this.keeper.write(changes).then((written) => {`,
    promise: "one run",
  },
  {
    name: "seat-events-only-in-slots",
    about: "who comes is in the log as a seat, and not in what entered in the tick",
    file: `${OWNER}/keeper.ts`,
    find: "for (const { entry, time } of made.entries) changes.push(ledger.entry(entry, time));",
    replace:
      'for (const { entry, time } of made.entries) changes.push(ledger.entry({ ...entry, entered: entry.entered.filter(({ is }) => is !== "join") }, time));',
    promise: "one run",
  },
  {
    name: "checkpoint-before-its-inputs",
    about: "a checkpoint is in the log before the inputs of its tick are",
    file: `${OWNER}/keeper.ts`,
    find: "const written = await writer.write(changes, { quiet: true });",
    replace: `const isOf = ({ slot }) => slot.startsWith("c");
    if (changes.some(isOf)) await writer.write(changes.filter(isOf), { quiet: true });
    const written = await writer.write(changes.filter((one) => !isOf(one)), { quiet: true });`,
    promise: "one run",
  },
  {
    name: "checkpoint-forgets-timers",
    about: "a room that goes on from a checkpoint has no timers",
    file: `${RUN}/checkpoint.ts`,
    find: "timers: new Timers(head.timers),",
    replace: "timers: new Timers(),",
    promise: "one run",
  },
  {
    name: "last-entry-replayed-twice",
    about: "whoever takes over goes once more through the inputs of the checkpoint's own tick",
    file: `${OWNER}/remake.ts`,
    find: "if (tick <= run.tick) continue;",
    replace: "if (tick < run.tick) continue;",
    promise: "one run",
  },
  {
    name: "takeover-forgets-what-was-shown",
    about: "whoever takes over begins at the last tick with inputs, though later ones were shown",
    file: `${OWNER}/remake.ts`,
    find: "stepTo(run, shown, rate, watching);",
    replace: "",
    promise: "one run",
  },
  {
    name: "seat-told-before-it-is-logged",
    about: "a player is told of its seat before that is in the log",
    file: `${OWNER}/reigning.ts`,
    find: "if (!made.waitsForLog) return this.#tell(made.replies);",
    replace: "if (made.replies.length >= 0) return this.#tell(made.replies);",
    promise: "seats",
  },
  {
    name: "seats-of-the-log-not-entered",
    about: "whoever takes over knows the seats of the checkpoint only",
    file: `${OWNER}/takeover.ts`,
    find: 'const entering = settings.keep === "inputs" ? [] : comeAndGone(run, found);',
    replace: "const entering: Entering[] = settings.rate < 0 ? comeAndGone(run, found) : [];",
    promise: "seats",
  },
  // Inputs.
  {
    name: "input-applied-twice",
    about: "where two inputs are taken in a tick, the first one is taken for both",
    file: `${RUN}/arrivals.ts`,
    find: "while (taken < most && take(seat, calls, repeats)) taken++;",
    replace:
      "while (taken < most && take(seat, calls, repeats)) if (++taken === 2) calls.splice(-1, 1, calls.at(-2) as Call);",
    promise: "one run",
  },
  {
    name: "inputs-not-sent-again",
    about: "what was sent once and is not acknowledged is not sent again",
    file: `${REPLICA}/input-edge.ts`,
    find: "lastAt === NEVER || (heard - lastAt >= AGAIN_AFTER && n > arrived)",
    replace: "lastAt === NEVER && n > arrived - 64",
    promise: "progress",
  },
  {
    name: "acknowledged-when-it-waits",
    about: "an input counts as done with when it waits for its tick",
    file: `${OWNER}/teller.ts`,
    find: "const { last, depth } = state.inputs; if (told.last === last && told.depth === depth) continue;",
    replace:
      "const { depth } = state.inputs; const last = state.inputs.last + depth; if (told.last === last && told.depth === depth) continue;",
    promise: "inputs",
  },
  // What is shown.
  {
    name: "older-reign-counts-as-shown",
    about: "what a player was shown of one reign counts as shown of the next one",
    file: `${REPLICA}/stage.ts`,
    find: "this.screens.renew();",
    replace: "",
    promise: "frames",
  },
  {
    name: "lower-tick-without-a-gap",
    about: "whoever comes from another node, which had more, is shown an older tick",
    file: `${REPLICA}/screens.ts`,
    find: "if (isOfNow && (screen.viewer?.tick ?? screen.tick) >= showing.tick) return;",
    replace: "if (isOfNow && (screen.viewer?.tick ?? -1) >= showing.tick) return;",
    promise: "frames",
  },
  {
    name: "no-gap-between-reigns",
    about: "a player is not told that another reign is shown from here on",
    file: `${REPLICA}/screens.ts`,
    find: 'if (epoch !== "") {',
    replace: 'if (epoch === "-") {',
    promise: "frames",
  },
  {
    name: "hole-in-ticks-unnoticed",
    about: "a tick is taken for the next one though one before it has not come",
    file: `${REPLICA}/track.ts`,
    find: "if (prev === this.#tick && this.#kept.length === 0) {",
    replace: "if (prev >= this.#tick && this.#kept.length === 0) {",
    promise: "frames",
  },
  {
    name: "keyframe-asked-once",
    about: "a keyframe that does not come is not asked for again",
    file: `${REPLICA}/repair.ts`,
    find: "this.#timer = clock.setTimeout(() => this.#ask(), ++this.#tries < MOST_AT_ONCE ? KEYFRAME_MS : LONG_MS);",
    replace: "",
    promise: "progress",
  },
  {
    name: "view-leaks-rows",
    about: "a row that goes out of sight is shown on",
    file: "src/room/table-cuts.ts",
    find: "if (isThere && (isAll || isInBox(outer, xs?.[id] as number, ys?.[id] as number))) {",
    replace: "if (isThere) {",
    promise: "frames",
  },
  {
    name: "slow-player-gets-every-tick",
    about: "a frame is made for a player whose socket holds the one before",
    file: `${REPLICA}/screens.ts`,
    find: "return window?.isFull === true || (out.unsent > 0 && out.drains === drains);",
    replace: "return window?.isFull === true;",
    promise: "bounded memory",
  },
  {
    name: "frame-without-its-last-part",
    about: "a frame that goes in parts ends before its last one",
    file: `${REPLICA}/frame-cut.ts`,
    find: "const more = part + 1 < this.pages;",
    replace: "const more = part + 2 < this.pages;",
    promise: "frames",
  },
  {
    name: "events-told-twice",
    about: "what has happened is told with every tick for a while",
    file: `${REPLICA}/screens.ts`,
    find: "screen.told = tick;",
    replace: "screen.told = Math.max(screen.told, tick - 2);",
    promise: "frames",
  },
  // Seats.
  {
    name: "seats-not-said-again",
    about: "the next owner is not told who is here",
    file: `${REPLICA}/players.ts`,
    find: "player.edge.again(); this.#sayHere(player);",
    replace: "player.edge.again();",
    promise: "seats",
  },
  {
    name: "old-connection-keeps-its-seat",
    about: "who has lost a seat to another connection is told so by nobody, and its end counts",
    file: `${OWNER}/holders.ts`,
    find: "return held === undefined || isSame(held, holder);",
    replace: "return held === undefined || holder.node !== undefined;",
    promise: "seats",
  },
  {
    name: "owner-not-looked-for",
    about: "nobody looks for another owner when nothing is heard of the one that there was",
    file: `${REPLICA}/summons.ts`,
    find: "if (isNeeded() && clock.monotonic() - this.#heardAt >= patience) this.summon();",
    replace: "if (isNeeded() && patience < 0) this.summon();",
    promise: "progress",
  },
];

export const ROOM_MUTANTS: readonly Mutant[] = BUGS.map((bug) => ({ ...bug, kind: "room" }));
