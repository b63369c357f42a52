/** A server of one channel of keys, as the specification has it, in the least of code: it keeps what the channel was at every place. */
import type { Random } from "../../../src/protocol/index.js";
import type { Link, Sent } from "../world.js";

export type Held = ReadonlyMap<string, unknown>;

interface Log {
  readonly epoch: string;
  /** What the channel was, by offset, of the logs before it too. */
  readonly history: Map<number, Held>;
  /** Where it goes on from the log before. */
  readonly base: number;
}

interface Subscription {
  readonly link: Link;
  readonly ch: number;
  readonly wants: (key: string) => boolean;
  readonly window: boolean;
  epoch: string;
  offset: number;
  paused: boolean;
  /** The lines that it was sent, as its acknowledgements count them. */
  lines: number;
  /** Lines of a message that has begun, */
  rest: string[];
  /** and where the client is until it has them. */
  from: number;
}

interface Condition {
  readonly since?: string;
  readonly keys?: readonly string[];
  readonly absent?: readonly string[];
}

interface Data {
  readonly set?: Readonly<Record<string, unknown>>;
  readonly merge?: Readonly<Record<string, object>>;
  readonly delete?: readonly string[];
  readonly if?: Condition;
}

export const CHANNEL = "keys/a";

export class ModelServer {
  readonly #random: Random;
  #log: Log = { epoch: "e1", history: new Map([[0, new Map()]]), base: 0 };
  readonly #logs: Log[] = [this.#log];
  /** By the client's numbers: where it is. */
  #answered = new Map<number, { readonly offset: number; readonly epoch: string }>();
  #subscription: Subscription | undefined;
  #channels = 0;
  /** The last place of each key. */
  #changed = new Map<string, number>();
  /** Places below which it does not know what was deleted. */
  #floor = 0;
  wrong: string | undefined;

  constructor(random: Random) {
    this.#random = random;
  }

  get head(): number {
    return Math.max(...this.#log.history.keys());
  }

  get map(): Held {
    return this.#log.history.get(this.head) as Held;
  }

  /** What the channel was at a place that was told. */
  at(cursor: string): Held {
    const [epoch, offset] = cursor.split(":");
    const log = this.#logs.find((each) => each.epoch === epoch);
    const places = [...(log?.history.keys() ?? [])].filter((place) => place <= Number(offset));
    return log?.history.get(Math.max(...places)) ?? new Map();
  }

  /** Changes several keys at once; `undefined` deletes. */
  change(changes: ReadonlyMap<string, unknown>): number {
    const map = new Map(this.map);
    const offset = this.head + 1 + Math.floor(this.#random.float() * 3);
    for (const [key, value] of changes) {
      if (value === undefined) map.delete(key);
      else map.set(key, value);
      this.#changed.set(key, offset);
    }
    this.#log.history.set(offset, map);
    return offset;
  }

  /** The broker fails over; what came after some place is lost. */
  failOver(lost: boolean): void {
    const places = [...this.#log.history.keys()].sort((a, b) => a - b);
    const base = (lost ? places[Math.floor(this.#random.float() * places.length)] : places.at(-1)) ?? 0;
    const history = new Map([...this.#log.history].filter(([place]) => place <= base));
    this.#log = { epoch: `e${this.#logs.length + 1}`, history, base };
    this.#logs.push(this.#log);
    this.#answered = new Map([...this.#answered].filter(([, { offset }]) => offset <= base));
    for (const [key, place] of this.#changed) if (place > base) this.#changed.set(key, base);
    this.#judge();
  }

  /** What was deleted up to now is forgotten. */
  forget(): void {
    this.#floor = this.head;
  }

  cut(): void {
    this.#subscription = undefined;
  }

  /** Carries out what the client has sent; `refuse` says of a publish with which code it is refused. */
  serve(link: Link, refuse: () => { code: string; retry: boolean } | undefined): void {
    for (const command of link.take()) {
      if ("connect" in command) this.#connect(link, command);
      else if ("subscribe" in command) {
        link.say({ id: command.id, ok: this.#subscribe(link, command) });
        this.#judge();
      } else if ("unsubscribe" in command) {
        this.#subscription = undefined;
        link.say({ id: command.id, ok: {} });
      } else if ("publish" in command) this.#publish(link, command, refuse());
      else if ("tune" in command) {
        if (this.#subscription) this.#subscription.paused = command["rate"] === 0;
        link.say({ id: command.id, ok: {} });
      } else if ("ack" in command) this.#acknowledged(command);
    }
  }

  /** Sends some of what the client has not got: all of it at last, when it is asked often enough. */
  tell(all: boolean): void {
    const to = this.#subscription;
    if (to === undefined || (to.paused && to.rest.length === 0)) return;
    if (to.rest.length === 0) this.#begin(to);
    const count = all ? to.rest.length : Math.ceil(this.#random.float() * to.rest.length);
    for (const line of to.rest.splice(0, count)) {
      to.lines++;
      to.link.sayText(line);
    }
  }

  #begin(to: Subscription): void {
    const { head } = this;
    if (to.offset > head) return;
    const from = to.offset;
    const isNew = from === 0;
    if (!isNew && from === head) return;
    const set: [string, unknown][] = [...this.map].filter(
      ([key]) => to.wants(key) && (isNew || (this.#changed.get(key) ?? 0) > from),
    );
    const gone = isNew
      ? []
      : [...this.#changed].flatMap(([key, place]) =>
          place > from && !this.map.has(key) && to.wants(key) ? [key] : [],
        );
    to.rest = this.#parts(to.ch, head, set, gone);
    to.from = from;
    to.offset = head;
  }

  #parts(ch: number, offset: number, set: [string, unknown][], gone: string[]): string[] {
    const count = 1 + Math.floor(this.#random.float() * 4);
    if (count === 1)
      return [JSON.stringify([ch, offset, set.flat(), ...(gone.length > 0 ? [{ del: gone }] : [])])];
    const size = Math.ceil(set.length / count);
    return Array.from({ length: count }, (_, part) => {
      const more = part < count - 1;
      const meta = { ...(part === 0 && { del: gone }), part, ...(more && { more }) };
      return JSON.stringify([ch, offset, set.slice(part * size, (part + 1) * size).flat(), meta]);
    });
  }

  #connect(link: Link, { id, connect }: Sent): void {
    const { subs = {} } = connect as { subs?: Record<string, Sent> };
    const results = Object.entries(subs).map(([name, options]) => [name, this.#subscribe(link, options)]);
    const ok = { client: "c", durability: "memory", ping: 25_000, subs: Object.fromEntries(results) };
    link.say({ id, ok });
    this.#judge();
  }

  #subscribe(link: Link, options: Record<string, unknown>): object {
    const { prefix = "", keys, cursor = `${this.#log.epoch}:0`, rate, window } = options;
    const view = JSON.stringify([prefix, keys]);
    const known = options["view"] === view || options["cursor"] === undefined;
    const [epoch = "", offset] = known ? String(cursor).split(":") : [this.#log.epoch, "0"];
    this.#subscription = {
      link,
      ch: ++this.#channels,
      wants: (key) => key.startsWith(String(prefix)) && ((keys as string[]) ?? [key]).includes(key),
      window: window !== undefined,
      epoch,
      offset: Number(offset),
      paused: rate === 0,
      lines: 0,
      rest: [],
      from: 0,
    };
    const { ch } = this.#subscription;
    return { ch, kind: "state", cursor: `${epoch}:${offset}`, view, ...(window !== undefined && { window }) };
  }

  /** Tells of a gap where the subscription's place does not stand. */
  #judge(): void {
    const to = this.#subscription;
    const after = to?.rest.length ? to.from : to?.offset;
    if (to === undefined || after === undefined) return;
    if (after === 0) {
      if (to.epoch !== this.#log.epoch) this.#gap(to, "failover", 0, 0);
      return;
    }
    const index = this.#logs.findIndex(({ epoch }) => epoch === to.epoch);
    const next = this.#logs[index + 1];
    if (next !== undefined && after > Math.min(...this.#logs.slice(index + 1).map(({ base }) => base)))
      return this.#gap(to, "rollback", after, 0);
    if (after < this.#floor) return this.#gap(to, "trimmed", after, 0);
    if (next !== undefined) this.#gap(to, "failover", after, after);
  }

  #gap(to: Subscription, reason: string, after: number, until: number): void {
    const { epoch } = this.#log;
    to.epoch = epoch;
    to.offset = until;
    to.rest = [];
    to.link.say({ event: "gap", ch: to.ch, after, until, epoch, reason });
  }

  #acknowledged({ ack, n }: Record<string, unknown>): void {
    const to = this.#subscription;
    if (to?.ch === ack && (n as number) > (to?.lines ?? 0)) this.wrong = `acknowledged ${String(n)}`;
    if (to?.ch === ack && !to?.window) this.wrong = "acknowledged without a window";
  }

  #publish(link: Link, { id, idem, data }: Sent, error: { code: string; retry: boolean } | undefined): void {
    const number = idem as number;
    const known = this.#answered.get(number);
    if (known) return link.say({ id, ok: { cursor: `${known.epoch}:${known.offset}` } });
    if (error) return link.say({ id, error: { ...error, message: "refused" } });
    const { set = {}, merge = {}, delete: gone = [], if: condition } = data as Data;
    const cursor = `${this.#log.epoch}:${this.head}`;
    const broken = this.#broken(condition ?? {});
    if (broken.length > 0) {
      const now = Object.fromEntries(broken.map((key) => [key, this.map.get(key) ?? null]));
      return link.say({ id, error: { code: "conflict", message: "changed", retry: false, cursor, now } });
    }
    const merged = Object.entries(merge).map(([key, fields]): [string, unknown] => [
      key,
      { ...(this.map.get(key) as object | undefined), ...fields },
    ]);
    const offset = this.change(
      new Map([
        ...Object.entries(set),
        ...merged,
        ...gone.map((key): [string, undefined] => [key, undefined]),
      ]),
    );
    const { epoch } = this.#log;
    this.#answered.set(number, { offset, epoch });
    link.say({ id, ok: { cursor: `${epoch}:${offset}` } });
  }

  #broken({ since, keys = [], absent = [] }: Condition): string[] {
    const taken = absent.filter((key) => this.map.has(key));
    const [epoch, offset] = (since ?? "").split(":");
    const index = this.#logs.findIndex((log) => log.epoch === epoch);
    const void_ = this.#logs.slice(index + 1).some(({ base }) => Number(offset) > base);
    const changed = keys.filter(
      (key) => index < 0 || void_ || (this.#changed.get(key) ?? 0) > Number(offset),
    );
    return [...taken, ...changed];
  }
}
