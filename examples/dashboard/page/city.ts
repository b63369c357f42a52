/** The map: streets every hundred units, a river and two parks. */

const NAMESPACE = "http://www.w3.org/2000/svg";

export function svg<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string>>,
  ...children: SVGElement[]
): SVGElementTagNameMap[Tag] {
  const element = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export function drawCity(map: SVGElement): void {
  const line = (d: string): SVGElement => svg("path", { class: "street", d });
  const park = (x: number, y: number, width: number, height: number): SVGElement =>
    svg("rect", {
      class: "park",
      x: String(x),
      y: String(y),
      width: String(width),
      height: String(height),
      rx: "14",
    });
  map.append(
    park(312, 212, 76, 76),
    park(712, 112, 176, 76),
    svg("path", { class: "river", d: "M-20 560C160 500 260 640 430 560S700 380 760 470S930 560 1020 480" }),
    ...[1, 2, 3, 4, 5].map((nth) => line(`M40 ${nth * 100}H960`)),
    ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((nth) => line(`M${nth * 100} 40V600`)),
  );
}
