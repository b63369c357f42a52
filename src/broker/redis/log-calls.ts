/** Reads of logs, as calls of their scripts: arguments in, answers out. */
import type { Entry, Epoch, LogOptions, Page, ReadFrom } from "../contract.js";
import { DUE_REST_MS, type SlotsFrom, type SlotsOptions, type SlotsPage } from "../slots-contract.js";
import { decodeEntry } from "./entry-codec.js";
import type { Keys } from "./keys.js";
import type { Arg, RedisLink } from "./link.js";
import { lifeOf, lifeOfSlots, type LogCallsOptions } from "./log-options.js";
import { buffer, list } from "./replies.js";
import { scripts } from "./scripts.js";
import { decodeSlots } from "./slots-codec.js";

export class LogCalls {
  readonly #link: RedisLink;
  readonly #keys: Keys;
  readonly #options: LogCallsOptions;

  constructor(link: RedisLink, keys: Keys, options: LogCallsOptions) {
    this.#link = link;
    this.#keys = keys;
    this.#options = options;
  }

  async read(channel: string, from: ReadFrom, options: LogOptions): Promise<Page> {
    const [direction, offset] = "after" in from ? ["after", from.after] : ["before", from.before];
    const { limit, bytes } = from;
    const age = options.keeping.retain?.age ?? "";
    const { epochNames, idle } = this.#options;
    const args: Arg[] = [
      epochNames.next(),
      lifeOf(options, idle),
      direction ?? "after",
      offset ?? 0,
      limit,
      bytes,
      age,
    ];
    const reply = await this.#link.script(scripts.read, this.#keys.log(channel), args);
    const [epochs, head, oldestPrev, firstPrev, ...found] = list(reply);
    const entries: Entry[] = [];
    let prev = Number(firstPrev);
    for (let i = 0; i < found.length; i += 2) {
      const entry = decodeEntry(buffer(found[i + 1]), Number.parseInt(String(found[i]), 10), prev);
      entries.push(entry);
      prev = entry.offset;
    }
    return {
      entries,
      oldestPrev: Number(oldestPrev),
      head: Number(head),
      epochs: readEpochs(String(epochs)),
    };
  }

  async readSlots(channel: string, from: SlotsFrom, options: SlotsOptions): Promise<SlotsPage> {
    const { graves } = options.keeping;
    const args: Arg[] = [
      this.#options.epochNames.next(),
      options.dedupe,
      lifeOfSlots(options),
      graves.count ?? "",
      graves.bytes ?? "",
      graves.age ?? "",
      DUE_REST_MS,
      ...placeArgs(from),
    ];
    const reply = await this.#link.script(scripts.readSlots, this.#keys.slots(channel), args);
    const [epochs, head, floor, due, ...found] = list(reply);
    const page = {
      entries: decodeSlots(found.map(buffer)),
      floor: Number(floor),
      head: Number(head),
      epochs: readEpochs(String(epochs)),
    };
    return Number(due) < 0 ? page : { ...page, due: Number(due) };
  }
}

function placeArgs(from: SlotsFrom): Arg[] {
  if ("slots" in from) return ["slots", ...from.slots];
  return "due" in from ? ["due", from.due] : ["after", from.after, from.limit, from.bytes];
}

/** `name:base,name:base`, oldest first; `earlier=name:base` where there is an earlier name. */
function readEpochs(text: string): Epoch[] {
  return text.split(",").map((part) => {
    const [names = "", base] = part.split(":");
    const [epoch = "", earlier] = names.split("=").toReversed();
    return { epoch, base: Number(base), ...(earlier !== undefined && { earlier }) };
  });
}
