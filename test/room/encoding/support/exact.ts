/** Functions of numbers to 60 digits, in whole numbers, to hold quicker ones against. */

/** How many bits stand behind the point. */
const BITS = 220n;
const ONE = 1n << BITS;
/** Whoever needs more digits of it than these has too large an angle. */
const PI_DIGITS =
  "3141592653589793238462643383279502884197169399375105820974944592307816406286208998628034825342117067982148";
const PI = (BigInt(PI_DIGITS) << BITS) / 10n ** BigInt(PI_DIGITS.length - 1);

/** A number exactly, if it has no bits beyond the last. */
export function exact(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const power = (bits >> 52n) & 0x7ffn;
  const fraction = bits & ((1n << 52n) - 1n);
  const [mantissa, exponent] = power === 0n ? [fraction, 1n] : [fraction | (1n << 52n), power];
  const shift = exponent - 1075n + BITS;
  const size = shift >= 0n ? mantissa << shift : mantissa >> -shift;
  return value < 0 ? -size : size;
}

/** How far a number is from what it should be. */
export function distance(value: number, should: bigint): number {
  return Math.abs(toNumber(exact(value) - should));
}

export function toNumber(value: bigint): number {
  // Of 220 bits behind the point those count that a number has room for.
  return Number(value) / 2 ** Number(BITS);
}

export function times(a: bigint, b: bigint): bigint {
  return (a * b) >> BITS;
}

export function exactSin(angle: bigint): bigint {
  const turns = (angle + PI) / (2n * PI);
  return series(angle - turns * 2n * PI, 1n);
}

export function exactCos(angle: bigint): bigint {
  const turns = (angle + PI) / (2n * PI);
  return series(angle - turns * 2n * PI, 0n);
}

/** Taylor's series of the sine (from the first power on), or of the cosine (from none on). */
function series(x: bigint, first: bigint): bigint {
  const square = times(x, x);
  let term = first === 1n ? x : ONE;
  let sum = 0n;
  for (let power = first; term !== 0n && power < 200n; power += 2n) {
    sum += term;
    term = -times(term, square) / ((power + 1n) * (power + 2n));
  }
  return sum;
}
