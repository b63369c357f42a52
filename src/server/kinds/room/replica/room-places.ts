import type { OnItem } from "../owner/mail.js";
import type { RoomSignal } from "../tick-message.js";
import type { RoomPlace } from "./room-place.js";

/** The rooms that somebody on this node plays in or watches, by channel: what comes for one of them finds it here. */
export class RoomPlaces {
  readonly #places = new Map<string, RoomPlace>();

  add(place: RoomPlace): void {
    this.#places.set(place.channel, place);
  }

  delete(place: RoomPlace): void {
    if (this.#places.get(place.channel) === place) this.#places.delete(place.channel);
  }

  [Symbol.iterator](): Iterator<RoomPlace> {
    return this.#places.values();
  }

  get(channel: string): RoomPlace | undefined {
    return this.#places.get(channel);
  }

  /** For `RoomMail.listen`. */
  readonly onItem: OnItem = (item, from) => {
    if ("channel" in item) this.#places.get(item.channel)?.onItem(item, from);
  };

  /** An owner on this node has told its room something: no broker is on the way. */
  onTold(channel: string, signal: RoomSignal): void {
    this.#places.get(channel)?.onTold(signal);
  }
}
