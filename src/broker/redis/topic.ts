/** Who listens to a topic. */
export interface Listener {
  onMessage(message: Buffer): void;
  /** Messages may have been lost; from here on they are heard again. */
  onReset(): void;
}

/** One topic, from its first wish to its end. */
export interface Topic {
  readonly name: string;
  readonly listener: Listener;
  home: string | undefined;
  /** Whether Redis has confirmed the subscription, and it still holds. */
  on: boolean;
  /** Whether it ever has: then the next confirmation is a reset. */
  wasOn: boolean;
  /** Resolves with the first confirmation. */
  readonly opened: Promise<void>;
  readonly open: () => void;
}
