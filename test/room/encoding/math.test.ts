import { describe, expect, test } from "vitest";
import { atan2, cos, hypot, math, sin } from "../../../src/room/math.js";
import { distance, exact, exactCos, exactSin, times, toNumber } from "./support/exact.js";
import { randomOf, seeds, type Random } from "./support/random.js";

/** A number as its 64 bits: equal ones are equal to the last. */
function bitsOf(value: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0).toString(16).padStart(16, "0");
}

/** Angles of all sizes up to a limit, and some that lie as near to a quarter turn as numbers do. */
function someAngle(random: Random, most: number): number {
  const sign = random.chance(0.5) ? 1 : -1;
  if (random.chance(0.2)) return sign * random.int(most / 2) * (Math.PI / 2);
  return sign * (random.chance(0.5) ? random.float() * 7 : most ** random.float());
}

describe("R31: sine and cosine are off by one unit in the last place at most", () => {
  test.each(seeds(2))("seed %d", (seed) => {
    const random = randomOf(seed);
    for (let i = 0; i < 1000; i++) {
      const angle = someAngle(random, 1e6);
      expect(distance(sin(angle), exactSin(exact(angle))), `sin(${angle})`).toBeLessThan(2.3e-16);
      expect(distance(cos(angle), exactCos(exact(angle))), `cos(${angle})`).toBeLessThan(2.3e-16);
    }
  });

  test("and by more for large angles, but they stay on the circle", () => {
    const random = randomOf(1);
    for (let i = 0; i < 1000; i++) {
      const angle = (random.chance(0.5) ? 1 : -1) * 10 ** (6 + 6 * random.float());
      expect(Math.abs(sin(angle) - Math.sin(angle)), `sin(${angle})`).toBeLessThan(2e-16 * Math.abs(angle));
      expect(Math.abs(sin(angle) ** 2 + cos(angle) ** 2 - 1)).toBeLessThan(1e-15);
    }
    expect([sin(1e13), cos(-1e300)]).toEqual([0, 1]);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])("%d has none", (angle) => {
    expect(sin(angle)).toBeNaN();
    expect(cos(angle)).toBeNaN();
  });
});

describe("R31: an arc tangent is off by less than 6e-16", () => {
  test.each(seeds(2))("seed %d", (seed) => {
    const random = randomOf(seed);
    const some = (): number => random.between(-1, 1) * 2 ** random.between(-30, 10);
    for (let i = 0; i < 1000; i++) {
      const [x, y] = [some(), some()];
      const angle = atan2(y, x);
      // The sine of the angle between the one that it is and the one that it should be.
      const [a, b] = [times(exact(y), exactCos(exact(angle))), times(exact(x), exactSin(exact(angle)))];
      expect(Math.abs(toNumber(a - b)) / Math.hypot(x, y), `atan2(${y}, ${x})`).toBeLessThan(6e-16);
      expect(Math.abs(angle - Math.atan2(y, x))).toBeLessThan(1e-15);
    }
  });

  test("what is special is as Math has it", () => {
    const special = [
      0,
      -0,
      1,
      -1,
      1e-320,
      1e308,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      Number.NaN,
    ];
    for (const y of special)
      for (const x of special) expect(atan2(y, x), `atan2(${y}, ${x})`).toBe(Math.atan2(y, x));
  });
});

describe("R31: a hypotenuse is off by two units in the last place at most", () => {
  test.each(seeds(2))("seed %d", (seed) => {
    const random = randomOf(seed);
    for (let i = 0; i < 5000; i++) {
      const scale = random.chance(0.5) ? 1 : 2 ** random.between(-1000, 1000);
      const [x, y] = [random.between(-9, 9) * scale, random.between(-9, 9) * scale];
      const should = Math.hypot(x, y);
      expect(Math.abs(hypot(x, y) - should), `hypot(${x}, ${y})`).toBeLessThanOrEqual(4.5e-16 * should);
    }
  });

  test("what is special is as Math has it", () => {
    const special = [
      0,
      -0,
      3,
      5e-324,
      Number.MAX_VALUE,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      Number.NaN,
    ];
    for (const y of special)
      for (const x of special) {
        const should = Math.hypot(x, y);
        const isNear = Math.abs(hypot(x, y) - should) <= 4.5e-16 * should;
        expect(isNear || Object.is(hypot(x, y), should), `hypot(${x}, ${y})`).toBe(true);
      }
  });
});

describe("R31: results are the same to the last bit everywhere", () => {
  test.each<[keyof typeof math, number[], string]>([])("%s(%j) is %s", (name, values, bits) => {
    const [first = 0, second = 0] = values;
    expect(bitsOf(math[name](first, second))).toBe(bits);
  });

  test("and so is a long way with all of them", () => {
    let [x, y, heading] = [0, 0, 0];
    for (let i = 0; i < 100_000; i++) {
      heading += 0.01 + atan2(y - 500, x + 300) / 50;
      x += cos(heading) * 7.3;
      y += sin(heading) * hypot(7.3, x / 1000);
    }
    expect([x, y, heading].map(bitsOf)).toEqual(["40c11c02fdf7192d", "c0e21f9373301bbd", "c096c29f434e865b"]);
  });
});
