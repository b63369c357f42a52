/** What an app says to all connections of one user, on whichever nodes they are: texts from node to node. */

/** What is to happen to all connections of a user. */
export type UserCommand = { readonly user: string } & (
  | { readonly do: "subscribe"; readonly channel: string }
  | { readonly do: "unsubscribe"; readonly channel: string; readonly code: string; readonly message: string }
  | { readonly do: "disconnect"; readonly reason: string }
);

/** What these texts begin with, so that no other text between nodes is taken for one. */
const MARK = "user ";

export function writeUserCommand(command: UserCommand): string {
  return MARK + JSON.stringify(command);
}

/** `undefined` for a text that is something else. Other nodes of the broker are trusted: nobody else can send one. */
export function readUserCommand(text: string): UserCommand | undefined {
  return text.startsWith(MARK) ? (JSON.parse(text.slice(MARK.length)) as UserCommand) : undefined;
}
