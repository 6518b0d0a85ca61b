/**
 * ln, exp and 2^x from IEEE additions, multiplications and divisions in a fixed order, because the platform's own differ
 * in the last bit. The method is FreeBSD msun's (e_log.c, e_exp.c): error about one unit in the last place.
 */

/** Scratch that turns a double into its words and back: written before every read. */
const DOUBLE = new Float64Array(1)
const WORDS = new Uint32Array(DOUBLE.buffer)
const HIGH = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 1 : 0

const LN2_HI = 0.6931471803691238
const LN2_LO = 1.9082149292705877e-10
const TWO_54 = 18014398509481984

/** Natural logarithm: NaN below 0, -Infinity at 0. */
export function ln(x: number): number {
  if (!(x > 0)) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN
  if (x === Number.POSITIVE_INFINITY) return x
  let k = -1023
  if (x < 2.2250738585072014e-308) {
    k = -1077
    DOUBLE[0] = x * TWO_54
  } else {
    DOUBLE[0] = x
  }
  // The mantissa goes into [sqrt(1/2), sqrt(2)), where the series converges fastest.
  const high = (WORDS[HIGH] as number) + 0x95f62
  k += high >>> 20
  WORDS[HIGH] = (high & 0xfffff) + 0x3fe6a09e
  const f = DOUBLE[0] - 1
  const halfSquare = 0.5 * f * f
  const s = f / (2 + f)
  const z = s * s
  const w = z * z
  const even = w * (0.3999999999940942 + w * (0.22222198432149784 + w * 0.15313837699209373))
  const odd =
    z * (0.6666666666666735 + w * (0.2857142874366239 + w * (0.1818357216161805 + w * 0.14798198605116586)))
  return s * (halfSquare + (odd + even)) + k * LN2_LO - halfSquare + f + k * LN2_HI
}

export function exp(x: number): number {
  if (x > 709.782712893384) return Number.POSITIVE_INFINITY
  if (x < -745.1332191019411) return 0
  if (Number.isNaN(x)) return x
  const k = Math.floor(Math.LOG2E * x + 0.5)
  return scale(expOfReduced(x - k * LN2_HI, k * LN2_LO), k)
}

/** 2^x, exact where x is an integer. */
export function pow2(x: number): number {
  if (x >= 1024) return Number.POSITIVE_INFINITY
  if (x < -1075) return 0
  if (Number.isNaN(x)) return x
  const k = Math.floor(x + 0.5)
  return scale(expOfReduced((x - k) * Math.LN2, 0), k)
}

/** exp(hi - lo) for |hi - lo| <= ln(2) / 2. */
function expOfReduced(hi: number, lo: number): number {
  const x = hi - lo
  const square = x * x
  const c =
    x -
    square *
      (0.16666666666666602 +
        square *
          (-0.0027777777777015593 +
            square *
              (6.613756321437934e-5 + square * (-1.6533902205465252e-6 + square * 4.1381367970572385e-8))))
  return 1 + ((x * c) / (2 - c) - lo + hi)
}

/** y * 2^k for k in [-1076, 1024]; in two steps, because 2^k itself may not be a normal number. */
function scale(y: number, k: number): number {
  const half = k >> 1
  return y * powerOfTwo(half) * powerOfTwo(k - half)
}

function powerOfTwo(k: number): number {
  WORDS[1 - HIGH] = 0
  WORDS[HIGH] = (k + 1023) << 20
  return DOUBLE[0] as number
}
