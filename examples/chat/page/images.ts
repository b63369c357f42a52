/** The bytes of images: those of this user until they are sent, and those of all as addresses for `<img>`. */
import type { Client } from "tidemark/client";
import type { ChatApp } from "../server.js";
import { openImage } from "./channels.js";

/** More than so many are let go of, the ones shown first first; they come again when they are looked at. */
const MOST_KEPT = 200;

export class Images {
  #client?: Client<ChatApp>;
  readonly #addresses = new Map<string, Promise<string>>();
  /** Of this user's images that may have to be sent (again). */
  readonly #unsent = new Map<string, Uint8Array<ArrayBuffer>>();

  /** The connection to fetch them over; another one when the user has changed their name. */
  use(client: Client<ChatApp>): void {
    this.#client = client;
  }

  /** This user is about to send an image: it can be shown at once. */
  add(owner: string, key: string, type: string, bytes: Uint8Array<ArrayBuffer>): void {
    this.#unsent.set(key, bytes);
    this.#keep(`${owner}/${key}`, Promise.resolve(addressOf(bytes, type)));
  }

  /** Sends what was added; resolves when the server has it. Sending it twice is harmless. */
  async send(owner: string, key: string): Promise<void> {
    const bytes = this.#unsent.get(key);
    if (bytes === undefined || this.#client === undefined) return;
    const channel = openImage(this.#client, owner, key);
    try {
      await channel.publish(bytes);
      this.#unsent.delete(key);
    } finally {
      channel.close();
    }
  }

  /** An address for `<img>`, as soon as the bytes are here. */
  address(owner: string, key: string, type: string): Promise<string> {
    const name = `${owner}/${key}`;
    const known = this.#addresses.get(name);
    if (known !== undefined) return known;
    const address = this.#fetch(owner, key).then((bytes) => addressOf(bytes, type));
    // What did not come may come the next time.
    address.catch(() => this.#addresses.delete(name));
    this.#keep(name, address);
    return address;
  }

  #fetch(owner: string, key: string): Promise<Uint8Array<ArrayBuffer>> {
    const client = this.#client;
    if (client === undefined) return Promise.reject(new Error("there is no connection to fetch images over"));
    return new Promise((resolve, reject) => {
      const channel = openImage(client, owner, key);
      channel.on("message", ({ data }) => {
        channel.close();
        resolve(new Uint8Array(data));
      });
      channel.ready.catch((error: unknown) => {
        channel.close();
        reject(error instanceof Error ? error : new Error("the image was refused", { cause: error }));
      });
    });
  }

  #keep(name: string, address: Promise<string>): void {
    this.#addresses.set(name, address);
    if (this.#addresses.size <= MOST_KEPT) return;
    const [oldest] = this.#addresses;
    if (oldest === undefined) return;
    this.#addresses.delete(oldest[0]);
    void oldest[1].then(
      (unused) => URL.revokeObjectURL(unused),
      () => undefined,
    );
  }
}

function addressOf(bytes: Uint8Array<ArrayBuffer>, type: string): string {
  return URL.createObjectURL(new Blob([bytes], { type }));
}
