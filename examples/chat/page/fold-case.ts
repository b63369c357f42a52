/**
 * A text without upper case and accents, unit for unit: what is found at a place in it is at that place in the text.
 *
 * @example foldCase("Élan") // "elan"
 */
export function foldCase(text: string): string {
  let folded = "";
  for (const character of text) {
    const plain = character.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
    // A few letters become longer or nothing; those stay as they are.
    folded += plain.length === character.length ? plain : character;
  }
  return folded;
}
