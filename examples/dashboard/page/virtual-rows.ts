/** A long list of which only the rows in sight are in the page: they are moved and filled anew while one scrolls. */

/** A row of the page that shows one of the list after the other. */
export interface ReusableRow {
  readonly element: HTMLElement;
  /** Shows the row with this number of the list. */
  show(nth: number): void;
}

/** Rows above and below those in sight, so that a quick scroll shows no holes. */
const BEYOND = 4;

export class VirtualRows<Row extends ReusableRow> {
  readonly #scroller: HTMLElement;
  readonly #head: HTMLElement;
  readonly #body: HTMLElement;
  readonly #make: () => Row;
  readonly #slots: Row[] = [];
  #count = 0;
  #height = 36;

  /**
   * @param head what stands above the rows and stays there
   * @param body what the rows are put into
   * @param make a new row
   */
  constructor(scroller: HTMLElement, head: HTMLElement, body: HTMLElement, make: () => Row) {
    this.#scroller = scroller;
    this.#head = head;
    this.#body = body;
    this.#make = make;
    const measure = (): void => {
      this.#height = Number.parseFloat(getComputedStyle(scroller).getPropertyValue("--row")) || 36;
      this.render();
    };
    scroller.addEventListener("scroll", () => this.render(), { passive: true });
    new ResizeObserver(measure).observe(scroller);
  }

  /** How many rows there are; they are shown by `render`. */
  set count(count: number) {
    this.#count = count;
    this.#scroller.setAttribute("aria-rowcount", String(count + 1));
  }

  /** How many fit into the page whole. */
  get page(): number {
    return Math.max(
      1,
      Math.floor((this.#scroller.clientHeight - this.#head.offsetHeight) / this.#height) - 1,
    );
  }

  /** Shows what is in sight. */
  render(): void {
    this.#body.style.height = `${this.#count * this.#height}px`;
    const first = Math.max(0, Math.floor(this.#scroller.scrollTop / this.#height) - BEYOND);
    const fit = Math.ceil(this.#scroller.clientHeight / this.#height) + 2 * BEYOND;
    const end = Math.min(this.#count, first + fit);
    // Each row of the list has its slot, so that those that stay in sight stay where they are.
    while (this.#slots.length < fit) this.#add();
    for (let nth = first; nth < first + this.#slots.length; nth++) {
      const row = this.#slots[nth % this.#slots.length];
      if (row === undefined) continue;
      row.element.hidden = nth >= end;
      if (nth >= end) continue;
      row.element.style.transform = `translateY(${nth * this.#height}px)`;
      row.element.id = rowId(nth);
      row.element.setAttribute("aria-rowindex", String(nth + 2));
      row.show(nth);
    }
  }

  /** Scrolls as little as needed to have a row in sight. */
  reveal(nth: number): void {
    const top = nth * this.#height;
    const inSight = this.#scroller.clientHeight - this.#head.offsetHeight - this.#height;
    const { scrollTop } = this.#scroller;
    this.#scroller.scrollTop = Math.min(top, Math.max(top - inSight, scrollTop));
    this.render();
  }

  #add(): void {
    const row = this.#make();
    this.#slots.push(row);
    this.#body.append(row.element);
  }
}

/** What the element of a row is called while it shows that row. */
export function rowId(nth: number): string {
  return `row-${nth}`;
}
