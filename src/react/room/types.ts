/** What the hooks on rooms return. */
import type { TidemarkError } from "../../client/index.js";
import type { Game } from "../../client/room/index.js";
import type { Parts } from "../../room/hooks.js";

/** A room as a component sees it. The same object until `game` or `error` change, which no frame does. */
export interface PlayView<P extends Parts = Parts> {
  /** The game that the components share; undefined before its first frame. It is closed, and its seat given up, with the last of them. */
  readonly game: Game<P> | undefined;
  /** Why there is none, or why it is over: then `game` still has what was shown last. The next component on the room joins anew. */
  readonly error: TidemarkError | undefined;
}
