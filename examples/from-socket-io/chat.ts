/** What both chats are: a room with history, members and typing, joined by a name. */
export interface Chat {
  /** Resolves when the server has the message; rejects when it does not want it. */
  say(this: void, text: string): Promise<void>;
  typing(this: void, on: boolean): void;
  leave(this: void): void;
}

export interface Show {
  message(this: void, from: string, text: string): void;
  members(this: void, names: string[]): void;
  typing(this: void, name: string, on: boolean): void;
}
