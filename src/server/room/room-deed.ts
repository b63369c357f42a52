/** What is to be done with a room, as JSON has it. */
import type { ResolvedChannel } from "../channels/registry.js";
import { TidemarkError } from "../errors.js";
import type { AppRooms } from "./app-rooms.js";

export type RoomDeed =
  | { readonly do: "kick"; readonly seat: string; readonly reason: string | undefined }
  | { readonly do: "send"; readonly event: string; readonly data: unknown; readonly to: string | undefined }
  | { readonly do: "close"; readonly reason: string | undefined }
  | { readonly do: "checkpoint" }
  | { readonly do: "revive" };

/** The fields of each; those with a question mark may be left out. */
const FIELDS: { readonly [Do in RoomDeed["do"]]: readonly string[] } = {
  kick: ["seat", "reason?"],
  send: ["event", "data?", "to?"],
  close: ["reason?"],
  checkpoint: [],
  revive: [],
};

/** @throws {TidemarkError} `bad_request` for what is no such thing; fields that are not known are among that */
export function readDeed(json: unknown): RoomDeed {
  if (typeof json !== "object" || json === null || Array.isArray(json))
    throw bad("the body must be an object");
  const { do: deed, ...rest } = json as Readonly<Record<string, unknown>>;
  if (typeof deed !== "string" || !isDeed(deed))
    throw bad(`"do" is one of ${Object.keys(FIELDS).join(", ")}, not ${JSON.stringify(deed)}`);
  const fields = FIELDS[deed];
  const names = fields.map((field) => field.replace("?", ""));
  const unknown = Object.keys(rest).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw bad(
      `${JSON.stringify(unknown)} means nothing to ${deed}; there are: ${names.join(", ") || "none"}`,
    );
  const text = (name: string): string => {
    const value = rest[name];
    if (typeof value === "string") return value;
    throw bad(`${JSON.stringify(name)} of ${deed} must be a text, not ${JSON.stringify(value)}`);
  };
  const maybe = (name: string): string | undefined => (rest[name] === undefined ? undefined : text(name));
  switch (deed) {
    case "kick":
      return { do: deed, seat: text("seat"), reason: maybe("reason") };
    case "send":
      return { do: deed, event: text("event"), data: rest["data"] ?? null, to: maybe("to") };
    case "close":
      return { do: deed, reason: maybe("reason") };
    case "checkpoint":
    case "revive":
      return { do: deed };
  }
}

/** Resolves when it is done; rejects with a {@link TidemarkError}. */
export function doWith(rooms: AppRooms, resolved: ResolvedChannel, deed: RoomDeed): Promise<void> {
  switch (deed.do) {
    case "kick":
      return rooms.kick(resolved, deed.seat, deed.reason);
    case "send":
      return rooms.send(resolved, deed.event, deed.data, deed.to);
    case "close":
      return rooms.close(resolved, deed.reason);
    case "checkpoint":
      return rooms.checkpoint(resolved);
    case "revive":
      return rooms.revive(resolved);
  }
}

function isDeed(name: string): name is RoomDeed["do"] {
  return Object.hasOwn(FIELDS, name);
}

function bad(message: string): TidemarkError {
  return new TidemarkError("bad_request", message);
}
