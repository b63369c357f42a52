import { TidemarkError } from "./errors.js";

/** Calls listeners. One that throws stops nothing: the others run, and `onError` is told. */
export interface Emitter<Events extends object> {
  /**
   * Listens; the function it returns stops that.
   *
   * @throws {TidemarkError} `invalid` when the listener is no function
   */
  readonly on: <Name extends keyof Events>(name: Name, listener: (value: Events[Name]) => void) => () => void;
  readonly has: (name: keyof Events) => boolean;
  readonly emit: <Name extends keyof Events>(name: Name, value: Events[Name]) => void;
}

type Listener = (value: never) => void;

export function createEmitter<Events extends object>(
  onError: (thrown: unknown, name: keyof Events) => void,
): Emitter<Events> {
  // The lists are replaced, never changed, so that emit can walk one while listeners come and go.
  const listeners = new Map<keyof Events, readonly Listener[]>();
  const of = (name: keyof Events): readonly Listener[] => listeners.get(name) ?? [];

  return {
    on(name, listener) {
      if (typeof listener !== "function")
        throw new TidemarkError("invalid", `on("${String(name)}", …) takes a function`);
      // A listener may be given twice, and each is taken off by its own function: hence a new one each time.
      const own: Listener = (value) => listener(value);
      listeners.set(name, [...of(name), own]);
      return () => {
        listeners.set(
          name,
          of(name).filter((other) => other !== own),
        );
      };
    },
    has: (name) => of(name).length > 0,
    emit(name, value) {
      for (const listener of of(name)) {
        try {
          listener(value as never);
        } catch (thrown) {
          onError(thrown, name);
        }
      }
    },
  };
}
