/** Channels of keys on a server without sockets, in virtual time. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Change, Changed, SlotsOptions } from "../../../src/broker/index.js";
import type { ChannelDef } from "../../../src/server/channels/define.js";
import { slotsChannel, type StateOptions } from "../../../src/server/channels/define-state.js";
import { World, type Peer, type WorldOptions } from "../support/engine.js";

type Options = StateOptions<unknown, unknown, StandardSchemaV1>;

export const CHANNEL = "keys/a";

export interface Setup {
  readonly world: World;
  readonly options: SlotsOptions;
  /** Changes the channel as another node would; gives the cursor. */
  readonly put: (changes: Readonly<Record<string, unknown>>, ttl?: number) => Promise<string>;
  /** A client that is subscribed. */
  readonly watch: (how?: Readonly<Record<string, unknown>>) => Promise<Viewer>;
}

let keys = 0;

/** @param extra what a definition says that these options do not */
export function setup(
  options: Options = {},
  more: WorldOptions = {},
  extra: Partial<ChannelDef> = {},
): Setup {
  const def = { ...slotsChannel(options), ...extra };
  const world = new World({ "keys/:id": { kind: "state", def } as never }, more);
  const slots = def.slots as SlotsOptions;
  return {
    world,
    options: slots,
    async put(changes, ttl) {
      const list = Object.entries(changes).map(([slot, value]): Change => {
        const data = value === undefined ? undefined : JSON.stringify(value);
        return ttl === undefined ? { slot, data } : { slot, data, ttl };
      });
      const key = { scope: "elsewhere", id: `${++keys}`, print: 0 };
      const meta = ttl === undefined ? {} : { meta: `{"ttl":${ttl}}` };
      const draft = { key, changes: list, ...meta };
      const outcomes: readonly Changed[] = (await world.elsewhere.change(CHANNEL, [draft], slots)) ?? [];
      const [outcome] = outcomes;
      if (outcome === undefined) throw new Error("no outcome");
      if (!("offset" in outcome)) throw new Error(outcome.error);
      return `${outcome.epoch}:${outcome.offset}`;
    },
    async watch(how = {}) {
      const peer = await world.connect();
      return new Viewer(peer, await peer.ask({ subscribe: CHANNEL, ...how }));
    },
  };
}

interface Meta {
  readonly del?: readonly string[];
  readonly part?: number;
  readonly more?: boolean;
}

/** What a client makes of what it is told. */
export class Viewer {
  readonly peer: Peer;
  /** What its subscribe command was answered. */
  readonly result: Readonly<Record<string, unknown>>;

  constructor(peer: Peer, result: Readonly<Record<string, unknown>>) {
    this.peer = peer;
    this.result = result;
  }

  /** Messages and events so far, as they came. */
  get lines(): readonly unknown[] {
    return this.peer.lines;
  }

  /** What it holds. */
  get map(): Readonly<Record<string, unknown>> {
    return Object.fromEntries(this.#told().map);
  }

  get cursor(): string {
    const { epoch, offset } = this.#told();
    return `${epoch}:${offset}`;
  }

  /** How many whole messages came. */
  get messages(): number {
    return this.lines.filter((line) => Array.isArray(line) && (line[3] as Meta | undefined)?.more !== true)
      .length;
  }

  #told(): { readonly map: Map<string, unknown>; readonly epoch: string; readonly offset: number } {
    let [epoch, offset] = splitCursor(String(this.result["cursor"]));
    let map = new Map<string, unknown>();
    let parts: (readonly [readonly unknown[], Meta])[] = [];
    for (const line of this.lines) {
      if (!Array.isArray(line)) {
        const { event, ...gap } = line as Record<string, unknown>;
        if (event !== "gap") continue;
        [epoch, offset, parts] = [String(gap["epoch"]), Number(gap["until"]), []];
        continue;
      }
      const [, at, set = [], meta = {}] = line as [number, number, unknown[]?, Meta?];
      if ((meta.part ?? 0) === 0) parts = [];
      if ((meta.part ?? 0) !== parts.length)
        throw new Error(`part ${String(meta.part)} after ${parts.length}`);
      parts.push([set, meta]);
      if (meta.more === true) continue;
      if (offset === 0) map = new Map();
      for (const [values, { del = [] }] of parts) {
        for (const key of del) map.delete(key);
        for (let i = 0; i < values.length; i += 2) map.set(String(values[i]), values[i + 1]);
      }
      [offset, parts] = [at, []];
    }
    return { map, epoch, offset };
  }
}

export function splitCursor(cursor: string): [string, number] {
  const [epoch = "", offset] = cursor.split(":");
  return [epoch, Number(offset)];
}
