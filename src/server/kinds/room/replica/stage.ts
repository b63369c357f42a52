/** What of a room is shown on this node: what its newest reign has told, and those who see it. */
import { Frames } from "../../../../room/frames.js";
import type { View } from "../../../../room/hooks.js";
import type { RoomDef } from "../../../../room/shape.js";
import type { Keyframe } from "../messages.js";
import type { ShownSeat, TickMessage } from "../tick-message.js";
import { RoomEvents } from "./events.js";
import type { InputEdge } from "./input-edge.js";
import type { FoundReign } from "./reigns.js";
import { Screens, type Screen, type ScreensOwner, type Showing } from "./screens.js";
import { Track, type Reached } from "./track.js";
import type { ViewMarks } from "./view-marks.js";
import { Views } from "./views.js";

export interface StageDeps {
  /** This node's number for the channel, that lines begin with. */
  readonly ch: number;
  readonly def: RoomDef;
  /** The inputs of who plays here. */
  readonly edgeOf: (seat: string) => Pick<InputEdge, "last" | "depth"> | undefined;
  readonly onError: (error: unknown) => void;
  readonly watch?: ViewMarks | undefined;
}

const NOTHING: Reached = [];

export class Stage implements ScreensOwner {
  readonly screens: Screens;
  readonly #deps: StageDeps;
  readonly #views: Views;
  readonly #events: RoomEvents;
  readonly #heard = { ack: 0, depth: 0 };
  #track: Track | undefined;
  #showing: Showing | undefined;
  #hasMoved = false;

  constructor(deps: StageDeps) {
    const { ch, def, onError, watch } = deps;
    this.#deps = deps;
    this.screens = new Screens(ch, this);
    this.#views = new Views(def.hooks, def.shape.state, onError, watch);
    this.#events = new RoomEvents(ch);
  }

  get showing(): Showing | undefined {
    return this.#showing;
  }

  /** Whether it is known who has a seat. */
  get isKnown(): boolean {
    return (this.#showing?.tick ?? -1) >= 0;
  }

  /** Whether something is missing that a keyframe would bring. */
  get hasHole(): boolean {
    return this.#track?.hasHole === true;
  }

  /** Who has a seat, as far as is known here. */
  get seats(): ReadonlyMap<string, ShownSeat> {
    return this.#track?.seats ?? new Map();
  }

  /** Another reign is the newest: what was told under the one before is not shown any more. */
  renew({ name }: FoundReign, hasLost: boolean): void {
    const track = new Track(name, this.#deps.def.shape.state);
    this.#track = track;
    this.#showing = {
      reign: name,
      hasLost,
      frames: new Frames(track.stores),
      events: this.#events,
      get tick() {
        return track.tick;
      },
    };
    this.#events.clear();
    this.screens.renew();
  }

  /** The owner says at which tick it is. */
  alive(tick: number): void {
    this.#track?.alive(tick);
  }

  /** A tick of the newest reign has come. What cannot be read is as good as lost. */
  take(message: TickMessage): Reached {
    try {
      return this.#reach(this.#track?.take(message) ?? NOTHING);
    } catch (error) {
      this.#deps.onError(error);
      return NOTHING;
    }
  }

  /** A keyframe has come. Ticks behind it that were reached as well are returned; undefined where it is of no use. */
  takeKeyframe(keyframe: Keyframe): Reached | undefined {
    if (this.#track?.reign !== keyframe.reign) return undefined;
    try {
      const reached = this.#track.takeKeyframe(keyframe);
      if (reached === undefined) return undefined;
      this.#hasMoved = true;
      // Of ticks that it stands for, what happened in them is all that is left to tell.
      return this.#reach(reached).filter(({ tick }) => tick > keyframe.tick);
    } catch (error) {
      this.#deps.onError(error);
      return undefined;
    }
  }

  /** Hot path: at the end of a turn. */
  flush(): void {
    if (!this.#hasMoved) return;
    this.#hasMoved = false;
    this.screens.flush();
  }

  /** A player sees nothing before its seat is known here: what it sees may go by that. */
  viewOf({ seat }: Screen): View | undefined {
    if (seat === undefined) return "all";
    const shown = this.#track?.seats.get(seat);
    return shown && this.#track && this.#views.of(shown, this.#track.stores);
  }

  /** Hot path: the same object for all. */
  heardOf({ seat }: Screen): { readonly ack: number; readonly depth: number } {
    const edge = seat === undefined ? undefined : this.#deps.edgeOf(seat);
    this.#heard.ack = edge?.last ?? 0;
    this.#heard.depth = edge?.depth ?? 0;
    return this.#heard;
  }

  failed(error: unknown): void {
    this.#deps.onError(error);
  }

  #reach(reached: Reached): Reached {
    for (const message of reached) {
      this.#hasMoved = true;
      this.#events.add(message);
    }
    return reached;
  }
}
