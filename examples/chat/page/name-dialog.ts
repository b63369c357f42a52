/** Asks for a name: on the first visit it has to be given, later it can be changed. */
import { byId } from "../../shared/page/dom.js";
import { cleanName, MAX_NAME_LENGTH } from "./identity.js";

/** The name that was given; undefined when the user changed their mind, which only `current` allows. */
export async function askName(current: string | undefined): Promise<string | undefined> {
  const dialog = byId("name-dialog", HTMLDialogElement);
  const form = byId("name-form", HTMLFormElement);
  const input = byId("name", HTMLInputElement);
  const cancel = byId("name-cancel", HTMLButtonElement);
  input.maxLength = MAX_NAME_LENGTH;
  input.value = current ?? "";
  cancel.hidden = current === undefined;
  dialog.showModal();
  input.select();

  return new Promise((resolve) => {
    const over = new AbortController();
    const { signal } = over;
    const end = (name: string | undefined): void => {
      over.abort();
      dialog.close();
      resolve(name);
    };
    form.addEventListener(
      "submit",
      (event) => {
        event.preventDefault();
        const name = cleanName(input.value);
        if (name !== undefined) return end(name);
        input.setCustomValidity("A name needs a letter or a digit");
        input.reportValidity();
      },
      { signal },
    );
    input.addEventListener("input", () => input.setCustomValidity(""), { signal });
    cancel.addEventListener("click", () => end(undefined), { signal });
    dialog.addEventListener(
      "close",
      () => {
        // Escape closes a dialog, and browsers let nobody forbid that for good.
        if (current === undefined) dialog.showModal();
        else end(undefined);
      },
      { signal },
    );
  });
}
