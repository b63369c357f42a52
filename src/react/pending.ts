import type { Message, Published, Publishing, TidemarkError } from "../client/index.js";

/** Something that was published by this page and is not among the messages yet. */
export interface Pending<Input = unknown> {
  /** Unlike that of any other pending one: for React's `key`. */
  readonly key: number;
  readonly data: Input;
  readonly state: "sending" | "failed";
  /** Why it failed. After `outcome_unknown` it may be in the log all the same. */
  readonly error: TidemarkError | undefined;
  /** Publishes a failed one again, as a new message. */
  readonly retry: () => void;
  /** Takes a failed one off the list. */
  readonly dismiss: () => void;
}

/** Those that failed and that nobody dismissed: of more than this the oldest go. */
const MAX_FAILED = 100;

interface Item {
  readonly shown: Pending;
  /** What the message says when it comes, where the channel tells who its senders are. */
  readonly idem: number | undefined;
  /** Where it is in the log, once that is known; then it is shown until the message itself has come. */
  readonly offset?: number;
}

/** The publishes of one channel that have not come back as messages. */
export interface PendingList {
  readonly list: () => readonly Pending[];
  readonly publish: (data: unknown) => Promise<Published>;
  /** Messages up to this offset have come. */
  readonly passed: (offset: number) => void;
  /** This message has come: the answer to its publish may come later, or never. */
  readonly arrived: (message: Message) => void;
}

/**
 * @param send publishes; what it throws counts as its rejection
 * @param seen the offset up to which messages have come; Infinity when none will
 */
export function createPending(
  send: (data: unknown) => Publishing,
  seen: () => number,
  changed: () => void,
): PendingList {
  let items: readonly Item[] = [];
  let keys = 0;

  function update(next: readonly Item[]): void {
    items = next;
    changed();
  }

  const without = (key: number): readonly Item[] => items.filter(({ shown }) => shown.key !== key);
  const change = (key: number, to: Partial<Item>): void =>
    update(items.map((item) => (item.shown.key === key ? { ...item, ...to } : item)));

  function fail(shown: Pending, error: TidemarkError): void {
    const failed = items.filter((item) => item.shown.state === "failed");
    if (failed.length >= MAX_FAILED) items = without(failed[0]?.shown.key ?? 0);
    change(shown.key, { shown: { ...shown, state: "failed", error } });
  }

  function publish(data: unknown): Promise<Published> {
    const key = ++keys;
    const shown: Pending = {
      key,
      data,
      state: "sending",
      error: undefined,
      retry() {
        if (!items.some((item) => item.shown.key === key && item.shown.state === "failed")) return;
        update(without(key));
        publish(data).catch(() => {});
      },
      dismiss() {
        update(items.filter((item) => item.shown.key !== key || item.shown.state !== "failed"));
      },
    };
    const { idem, answer } = start(data);
    update([...items, { shown, idem }]);
    answer.then(
      ({ offset }) => (offset > seen() ? change(key, { offset }) : update(without(key))),
      (error: TidemarkError) => fail(shown, error),
    );
    return answer;
  }

  function start(data: unknown): { readonly idem: number | undefined; readonly answer: Promise<Published> } {
    try {
      const answer = send(data);
      return { idem: answer.idem, answer };
    } catch (error) {
      return { idem: undefined, answer: Promise.reject(error) };
    }
  }

  return {
    list: () => items.map(({ shown }) => shown),
    publish,
    passed(offset) {
      const left = items.filter((item) => item.offset === undefined || item.offset > offset);
      if (left.length < items.length) update(left);
    },
    arrived({ mine, idem }) {
      if (!mine || idem === undefined) return;
      const left = items.filter((item) => item.idem !== idem);
      if (left.length < items.length) update(left);
    },
  };
}
