/** What is to be known of the page that shows a map. There is a default, for pages and for what has none. */
export interface Page {
  /** Whether nobody sees it. */
  readonly hidden: () => boolean;
  /** Calls `changed` whenever {@link hidden} may say something else; the function it returns stops that. */
  readonly listen: (changed: () => void) => () => void;
  /** Calls `show` once, before the page is painted next; where it says `false`, nothing is painted here. */
  readonly frame: (show: () => void) => boolean;
}
