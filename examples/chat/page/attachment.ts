/** The image that goes with the next message: chosen, dropped or pasted, shown with its size before it is sent. */
import { button, el } from "../../shared/page/dom.js";
import { MAX_IMAGE_BYTES } from "../limits.js";
import { icon } from "./icons.js";
import { shrink, sizeText, type Shrunk } from "./shrink.js";

/** An image, ready to be sent. */
export interface Prepared extends Shrunk {
  /** What it shows, for those who do not see it. */
  readonly alt: string;
}

export interface AttachmentOptions {
  /** Stands before the names of its parts, see `ComposerOptions`. */
  readonly prefix: string;
  readonly onChange: () => void;
}

export class Attachment {
  /** The button that asks for a file. */
  readonly opener: HTMLButtonElement;
  /** Shows what is attached. */
  readonly element: HTMLElement;
  readonly #options: AttachmentOptions;
  readonly #alt: HTMLInputElement;
  #image: Shrunk | undefined;
  #address = "";
  /** Which choice is being worked on: the last one counts. */
  #choice = 0;
  #busy = false;

  constructor(options: AttachmentOptions) {
    this.#options = options;
    const { prefix } = options;
    const limit = `up to ${sizeText(MAX_IMAGE_BYTES)}, larger ones are made smaller`;
    const file = el("input", { type: "file", accept: "image/*", hidden: "", "data-testid": `${prefix}file` });
    file.addEventListener("change", () => {
      this.choose(file.files ?? []);
      file.value = "";
    });
    this.opener = el(
      "button",
      {
        type: "button",
        class: "attach",
        title: `Attach an image (${limit})`,
        "aria-label": `Attach an image, ${limit}`,
      },
      icon("image"),
    );
    this.opener.addEventListener("click", () => file.click());
    this.#alt = el("input", {
      class: "alt",
      maxlength: "200",
      placeholder: "Describe it, for those who cannot see it",
      "aria-label": "What the image shows",
      "data-testid": `${prefix}alt`,
    });
    this.element = el("div", {
      class: "attachment",
      "data-testid": `${prefix}attachment`,
      role: "status",
      hidden: "",
    });
    this.element.append(file);
  }

  /** Whether an image is still being prepared. */
  get busy(): boolean {
    return this.#busy;
  }

  get image(): Prepared | undefined {
    return this.#image === undefined ? undefined : { ...this.#image, alt: this.#alt.value.trim() };
  }

  /** Takes the first image of these files. */
  choose(files: Iterable<File>): void {
    const all = [...files];
    const file = all.find(({ type }) => type.startsWith("image/")) ?? all[0];
    if (file !== undefined) void this.#prepare(file);
  }

  clear(): void {
    this.#choice++;
    this.#busy = false;
    this.#image = undefined;
    this.#alt.value = "";
    this.#show();
  }

  async #prepare(file: File): Promise<void> {
    this.clear();
    const choice = this.#choice;
    this.#busy = true;
    this.#show(el("span", { class: "quiet" }, "Preparing the image…"));
    this.#options.onChange();
    try {
      const image = await shrink(file);
      if (choice !== this.#choice) return;
      this.#image = image;
      this.#busy = false;
      this.#showImage(image, file);
    } catch (error) {
      if (choice !== this.#choice) return;
      this.#busy = false;
      this.#show(el("span", { class: "bad" }, error instanceof Error ? error.message : "This did not work."));
    }
    this.#options.onChange();
  }

  #showImage({ bytes, type }: Shrunk, { name, size }: File): void {
    this.#address = URL.createObjectURL(new Blob([bytes], { type }));
    const sent = sizeText(bytes.length);
    const about = bytes.length === size ? sent : `${sent}, made smaller from ${sizeText(size)}`;
    const words = el(
      "div",
      { class: "words" },
      el("span", { class: "quiet" }, `${name} · ${about}`),
      this.#alt,
    );
    this.#show(el("img", { src: this.#address, alt: "The image to be sent" }), words);
  }

  /** Shows these parts and a way to get rid of them; without parts, nothing. */
  #show(...parts: Node[]): void {
    if (this.#image === undefined || parts.length === 0) {
      URL.revokeObjectURL(this.#address);
      this.#address = "";
    }
    this.element.hidden = parts.length === 0;
    const remove = button({ class: "icon", "aria-label": "Do not send the image" }, "", () => {
      this.clear();
      this.#options.onChange();
    });
    remove.append(icon("close"));
    const file = this.element.querySelector("input[type=file]");
    this.element.replaceChildren(
      ...(file === null ? [] : [file]),
      ...parts,
      ...(parts.length > 0 ? [remove] : []),
    );
  }
}
