/** A client with one channel of keys, whose server says what the test tells it to. */
import { state, type StateHandle, type StateOptions } from "tidemark/state";
import { World, type Sent } from "../world.js";

/** A page that paints when the test has it paint. */
export class TestPage {
  isHidden = false;
  /** Whether it paints at all. */
  paints = false;
  #frames: (() => void)[] = [];
  readonly #listeners = new Set<() => void>();

  readonly hidden = (): boolean => this.isHidden;
  readonly listen = (changed: () => void): (() => void) => {
    this.#listeners.add(changed);
    return () => void this.#listeners.delete(changed);
  };
  readonly frame = (show: () => void): boolean => {
    if (this.paints) this.#frames.push(show);
    return this.paints;
  };

  paint(): void {
    const frames = this.#frames;
    this.#frames = [];
    for (const frame of frames) frame();
  }

  hide(isHidden: boolean): void {
    this.isHidden = isHidden;
    for (const changed of this.#listeners) changed();
  }

  get listeners(): number {
    return this.#listeners.size;
  }
}

export interface Setup {
  readonly world: World;
  readonly page: TestPage;
  readonly keys: StateHandle;
  readonly open: (options?: StateOptions) => StateHandle;
}

/** What a server answers to a subscribe command, where it begins at 0. */
export function begun(ch: number, more: object = {}): object {
  return { ch, kind: "state", cursor: "e:0", ...more };
}

export function setup(options: StateOptions = {}, world = new World()): Setup {
  const page = new TestPage();
  const open = (more: StateOptions = {}): StateHandle =>
    state(world.client, "keys/a", { page, ...more } as StateOptions);
  return { world, page, open, keys: open(options) };
}

/** The same, whose server has told this map, at offset 10. */
export async function online(
  values: readonly unknown[] = [],
  options: StateOptions = {},
  result: object = {},
): Promise<Setup> {
  const set = setup(options);
  await set.world.online({ "keys/a": begun(1, result) }, [[1, 10, values]]);
  await set.world.settle();
  set.world.link.take();
  return set;
}

/** The commands that came since the last look, of this name. */
export async function commands(world: World, name: string): Promise<Sent[]> {
  await world.settle();
  return world.link.take().filter((command) => name in command);
}

/** What a map holds, in its order. */
export function entriesOf(handle: StateHandle): [string, unknown][] {
  return [...handle.map];
}

/** Has a write's end be nobody's concern: that of the client, when the test is over, is one. */
export function unwatched(written: Promise<unknown>): void {
  written.catch(() => {});
}
