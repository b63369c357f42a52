/**
 * Private rooms: what finds one is a code that people can tell each other. The room's own name follows from it, and from a salt that all
 * servers share, so that nobody guesses names of rooms by trying, past those who count the codes that are tried; and nothing is kept of
 * a code, anywhere.
 */
import { createHash, createHmac } from "node:crypto";
import type { Broker, SlotsOptions } from "../../../../broker/index.js";
import type { Random } from "../../../../protocol/index.js";
import { TidemarkError } from "../../../errors.js";
import { CLOSED, MADE, decodeClosed, decodeMade, roomLogOptions } from "../owner/room-log.js";
import { closedError } from "../replica/join-error.js";

/** Letters and digits that are not taken for others, as heard or as written: no 0 O 1 I L. */
const LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789";
/** About 900 million codes. */
const LENGTH = 6;
const CODE = new RegExp(`^[${LETTERS}]{${LENGTH}}$`);
const COUNT = LETTERS.length ** LENGTH;
/** So many new codes are tried until one is nobody's. */
const MOST_TRIES = 8;
/** 96 bits. */
const NAME_LETTERS = 16;

/** Where the salt is. No client can name this channel. */
const SALTS = "$codes";
const SALT = "salt";
const SALT_OPTIONS: SlotsOptions = {
  keeping: { by: "slots", most: { count: 16, bytes: 4096 }, graves: { count: 0 } },
  dedupe: 60_000,
};

export interface PrivateRoomsDeps {
  readonly broker: Pick<Broker, "readSlots" | "change">;
  readonly random: Pick<Random, "id">;
}

/** A room that is there. */
export interface PrivateRoom {
  readonly channel: string;
  /** What it was made for. */
  readonly match: ReadonlyMap<string, string>;
}

export class PrivateRooms {
  readonly #deps: PrivateRoomsDeps;
  /** As it was last seen: where the store has lost it, it comes back from here. */
  #salt: string | undefined;

  constructor(deps: PrivateRoomsDeps) {
    this.#deps = deps;
  }

  /** A code of no room, and what a room with it is called. Rejects with the broker's error. */
  async make(name: string): Promise<{ readonly code: string; readonly channel: string }> {
    const salt = await this.#saltNow();
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const code = codeOf(this.#deps.random.id());
      const channel = channelOf(name, code, salt);
      const { made, closed } = await this.#read(channel);
      if (made === undefined && closed === undefined) return { code, channel };
    }
    throw new TidemarkError("unavailable", "no code was free; asking again is safe");
  }

  /**
   * The room with a code, however its letters are written. Rejects with the broker's error.
   *
   * @throws {TidemarkError} as a rejection: `not_found`, `room_closed`
   */
  async find(name: string, code: string): Promise<PrivateRoom> {
    const written = code.toUpperCase();
    if (!isCode(written)) throw notFound();
    const channel = channelOf(name, written, await this.#saltNow());
    const { made, closed } = await this.#read(channel);
    if (closed !== undefined) throw closedError(decodeClosed(closed).reason);
    if (made === undefined) throw notFound();
    return { channel, match: decodeMade(made).match };
  }

  async #read(
    channel: string,
  ): Promise<{ readonly made: string | undefined; readonly closed: string | undefined }> {
    const { entries } = await this.#deps.broker.readSlots(
      channel,
      { slots: [MADE, CLOSED] },
      roomLogOptions(),
    );
    const values = new Map(
      entries.flatMap(({ changes = [] }) => changes.map(({ slot, data }) => [slot, data])),
    );
    const [made, closed] = [values.get(MADE), values.get(CLOSED)];
    return {
      made: typeof made === "string" ? made : undefined,
      closed: typeof closed === "string" ? closed : undefined,
    };
  }

  /** The salt, as the broker has it; where it has none, it gets one. */
  async #saltNow(): Promise<string> {
    const { broker, random } = this.#deps;
    const { entries } = await broker.readSlots(SALTS, { slots: [SALT] }, SALT_OPTIONS);
    const found = entries.flatMap(({ changes = [] }) => changes).find(({ slot }) => slot === SALT)?.data;
    if (typeof found === "string") return (this.#salt = found);
    const salt = this.#salt ?? random.id();
    const draft = {
      key: { scope: SALTS, id: random.id(), print: 0 },
      changes: [{ slot: SALT, data: salt }],
      if: [{ slot: SALT, unchangedSince: "absent" as const }],
    };
    const [outcome] = await broker.change(SALTS, [draft], SALT_OPTIONS);
    // Somebody else was first.
    const other = outcome !== undefined && "now" in outcome ? outcome.now.get(SALT) : undefined;
    if (typeof other === "string") return (this.#salt = other);
    if (outcome !== undefined && "offset" in outcome) return (this.#salt = salt);
    throw new TidemarkError("unavailable", "private rooms cannot be named now; asking again is safe");
  }
}

/** Whether it can be a code, in capital letters. */
export function isCode(text: string): boolean {
  return CODE.test(text);
}

/** @param random 128 bits */
function codeOf(random: string): string {
  // 48 bits of a hash: some codes are more likely than others by three in a million.
  let rest = createHash("sha256").update(random).digest().readUIntBE(0, 6) % COUNT;
  let code = "";
  for (let at = 0; at < LENGTH; at++) {
    code += LETTERS.charAt(rest % LETTERS.length);
    rest = Math.floor(rest / LETTERS.length);
  }
  return code;
}

function channelOf(name: string, code: string, salt: string): string {
  const mac = createHmac("sha256", salt).update(`${name} ${code}`).digest("base64url");
  return `${name}/${mac.slice(0, NAME_LETTERS)}`;
}

function notFound(): TidemarkError {
  return new TidemarkError("not_found", "no private room has this code");
}
