/**
 * Sine, cosine, arc tangent and hypotenuse that are the same to the last bit on every engine, which those of `Math` need not be.
 * Each is defined by what is written here: only `+ - * /`, comparisons, `Math.sqrt`, `Math.floor` and `Math.abs`, in this order, all of which
 * IEEE 754 and ECMAScript define exactly.
 *
 * The coefficients are fdlibm's. Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved. Developed at SunPro, a Sun
 * Microsystems, Inc. business. Permission to use, copy, modify, and distribute this software is freely granted, provided that
 * this notice is preserved.
 */

/** Two divided by π. */
const TURNS = 0.636_619_772_367_581_4;
/** A quarter turn in three parts of 33 bits each and a rest, so that the first times less than a million is exact. */
const QUARTER_1 = 1.570_796_326_734_125_6;
const QUARTER_2 = 6.077_100_506_303_966e-11;
const QUARTER_3 = 2.022_266_248_711_166_5e-21;
const QUARTER_4 = 8.478_427_660_368_9e-32;
const HALF_TURN = 3.141_592_653_589_793;
/** What of half a turn does not fit into that. */
const HALF_TURN_REST = 1.224_646_799_147_353_2e-16;
/** Angles beyond it are brought nearer first, at the cost of precision. */
const FAR = 1e6;
/** Beyond this one angles are hardly angles any more: they count as 0. */
const TOO_FAR = 1e12;

/**
 * The sine of an angle in radians. Off by at most 2.3e-16 (one unit in the last place) up to a million; beyond that by about
 * 2e-16 times the angle, and beyond 10^12 it is that of 0. NaN for what is not finite.
 *
 * @example math.sin(1) // 0.8414709848078965
 */
export function sin(angle: number): number {
  return sineOf(angle, 0);
}

/** The cosine of an angle in radians, as exact as {@link sin}. */
export function cos(angle: number): number {
  return sineOf(angle, 1);
}

/** The sine of an angle and so many quarter turns. */
function sineOf(angle: number, quarters: number): number {
  const away = Math.abs(angle);
  if (!(away < Number.POSITIVE_INFINITY)) return Number.NaN;
  const near = away <= FAR ? angle : away <= TOO_FAR ? withinTurn(angle) : 0;
  const turned = Math.floor(near * TURNS + 0.5);
  const high = near - turned * QUARTER_1;
  const middle = high - turned * QUARTER_2;
  // What the second subtraction lost, and what the first two parts do not hold of the quarter turns.
  const low = high - middle - turned * QUARTER_2 - turned * QUARTER_3 - turned * QUARTER_4;
  const rest = middle + low;
  const lost = middle - rest + low;
  const quarter = turned + quarters;
  switch (quarter - Math.floor(quarter / 4) * 4) {
    case 0:
      return nearSine(rest, lost);
    case 1:
      return nearCosine(rest, lost);
    case 2:
      return -nearSine(rest, lost);
    default:
      return -nearCosine(rest, lost);
  }
}

/** About the same angle, less than a turn away from 0. */
function withinTurn(angle: number): number {
  return angle - Math.floor(angle / (2 * HALF_TURN)) * (2 * HALF_TURN);
}

/** The sine of `x + rest`, at most an eighth of a turn, where `rest` is what `x` has no bits for. */
function nearSine(x: number, rest: number): number {
  const square = x * x;
  const cube = square * x;
  const tail =
    8.333_333_333_322_489e-3 +
    square *
      (-1.984_126_982_985_795e-4 +
        square *
          (2.755_731_370_707_006_8e-6 +
            square * (-2.505_076_025_340_686_3e-8 + square * 1.589_690_995_211_55e-10)));
  return x - (square * (0.5 * rest - cube * tail) - rest - cube * -1.666_666_666_666_663_2e-1);
}

/** The cosine of `x + rest`, in the same way. */
function nearCosine(x: number, rest: number): number {
  const square = x * x;
  const tail =
    square *
    (4.166_666_666_666_66e-2 +
      square *
        (-1.388_888_888_887_411e-3 +
          square *
            (2.480_158_728_947_673e-5 +
              square *
                (-2.755_731_435_139_066_3e-7 +
                  square * (2.087_572_321_298_175e-9 + square * -1.135_964_755_778_819_5e-11)))));
  const half = 0.5 * square;
  const whole = 1 - half;
  return whole + (1 - whole - half + (square * tail - x * rest));
}

/**
 * The angle in radians, from -π to π, of the direction from (0, 0) to (x, y), as `Math.atan2` defines it. Off by less than 6e-16.
 *
 * @example math.atan2(1, -1) // 2.356194490192345, three eighths of a turn
 */
export function atan2(y: number, x: number): number {
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.NaN;
  const isLeft = x < 0 || (x === 0 && y === 0 && 1 / x < 0);
  const isDown = y < 0 || (y === 0 && 1 / y < 0);
  const angle = fromRight(Math.abs(y), Math.abs(x));
  // Straight up is the same from both sides.
  const up = isLeft && angle !== HALF_TURN / 2 ? HALF_TURN - (angle - HALF_TURN_REST) : angle;
  return isDown ? -up : up;
}

/** The angle of a direction in the first quarter. */
function fromRight(y: number, x: number): number {
  if (y === 0) return 0;
  if (x === Number.POSITIVE_INFINITY) return y === Number.POSITIVE_INFINITY ? HALF_TURN / 4 : 0;
  if (x === 0 || y === Number.POSITIVE_INFINITY) return HALF_TURN / 2;
  return atan(y / x);
}

/** The arc tangent of what is not negative: that of a smaller number, and the angle between them, in two parts. */
function atan(x: number): number {
  if (x < 0.4375) return x - x * atanTail(x);
  if (x < 0.6875) return beyond((2 * x - 1) / (2 + x), 4.636_476_090_008_061e-1, 2.269_877_745_296_168_7e-17);
  if (x < 1.1875) return beyond((x - 1) / (x + 1), 7.853_981_633_974_483e-1, 3.061_616_997_868_383e-17);
  if (x < 2.4375)
    return beyond((x - 1.5) / (1 + 1.5 * x), 9.827_937_232_473_291e-1, 1.390_331_103_123_099_8e-17);
  return beyond(-1 / x, 1.570_796_326_794_896_6, 6.123_233_995_736_766e-17);
}

/** The arc tangent that lies so far beyond an angle, which is given in two parts. */
function beyond(x: number, high: number, low: number): number {
  return high - (x * atanTail(x) - low - x);
}

/** How much less than `x` its arc tangent is, as a part of it. */
function atanTail(x: number): number {
  const z = x * x;
  const w = z * z;
  const odd =
    z *
    (3.333_333_333_333_293e-1 +
      w *
        (1.428_571_427_250_346_6e-1 +
          w *
            (9.090_887_133_436_507e-2 +
              w *
                (6.661_073_137_387_531e-2 +
                  w * (4.976_877_994_615_932_4e-2 + w * 1.628_582_011_536_578_2e-2)))));
  const even =
    w *
    (-1.999_999_999_987_648_3e-1 +
      w *
        (-1.111_111_040_546_235_6e-1 +
          w *
            (-7.691_876_205_044_83e-2 +
              w * (-5.833_570_133_790_573_5e-2 + w * -3.653_157_274_421_691_6e-2))));
  return odd + even;
}

/**
 * How far (x, y) is from (0, 0), without overflow on the way. Off by at most two units in the last place.
 *
 * @example math.hypot(3, 4) // 5
 */
export function hypot(x: number, y: number): number {
  const a = Math.abs(x);
  const b = Math.abs(y);
  if (a === Number.POSITIVE_INFINITY || b === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
  const most = a > b ? a : b;
  // Where squares neither overflow nor lose bits; what is NaN is neither less nor more.
  if (!(most > 1e150 || (most < 1e-140 && most > 0))) return Math.sqrt(a * a + b * b);
  return most * Math.sqrt((a / most) * (a / most) + (b / most) * (b / most));
}

/** All of them, as a room gets them: `r.math`. */
export const math = Object.freeze({ sin, cos, atan2, hypot });
