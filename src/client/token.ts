/** A token, or how to get one. */
export type TokenOption = string | (() => string | undefined | Promise<string | undefined>);

/** The token for the next connection. A function is asked once, and again only after the server refused its token. */
export interface TokenSource {
  /** Whether asking again can give another token. */
  readonly renewable: boolean;
  /** At once where it can be, so that a first connection loses no time. */
  readonly get: () => string | undefined | Promise<string | undefined>;
  /** The server wants another one. */
  readonly forget: () => void;
}

export function createTokenSource(option: TokenOption | undefined): TokenSource {
  if (typeof option !== "function") return { renewable: false, get: () => option, forget() {} };
  let kept: string | undefined;
  const ask = async (): Promise<string | undefined> => (kept = await option());
  return {
    renewable: true,
    get: () => kept ?? ask(),
    forget() {
      kept = undefined;
    },
  };
}
