/** What a player's game tells by itself: the room's own events have other names. */
export const GAME_EVENTS: readonly string[] = ["frame", "gap", "resumed", "refused", "left"];
