import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PROMPT_FEATURES, promptFeatures } from '../src/index.ts'

function featuresOf(text: string): Float64Array {
  const out = new Float64Array(PROMPT_FEATURES).fill(Number.NaN)
  promptFeatures(text, out)
  return out
}

function distance(a: string, b: string): number {
  const [x, y] = [featuresOf(a), featuresOf(b)]
  return Math.hypot(...x.map((value, k) => value - (y[k] as number)))
}

const CODE = 'Write a python function that returns the sum of a list.'
const MORE_CODE = 'Write a python function that returns the product of a list.'
const SUMS = 'Tom has 12 apples and buys 30 more. How many apples does he have in total?'
const OPTIONS = 'Which gas do plants take in?\n(A) oxygen\n(B) carbon dioxide\n(C) helium\n(D) neon'

describe('the features of a prompt', () => {
  it('are finite and bounded, whatever the text, and begin with the bias', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2_000 }), text => {
        const features = featuresOf(text)
        expect(features[0]).toBe(1)
        expect(features.every(value => Math.abs(value) < 100)).toBe(true)
      }),
    )
    expect(featuresOf('').every(Number.isFinite)).toBe(true)
    expect(featuresOf('?'.repeat(1_000_000)).every(Number.isFinite)).toBe(true)
  })

  it('put prompts of one kind closer together than those of two', () => {
    for (const other of [SUMS, OPTIONS]) {
      expect(distance(CODE, MORE_CODE)).toBeLessThan(distance(CODE, other))
    }
  })

  it('are those of version 1: coefficients that were learned keep their meaning', () => {
    const rounded = Array.from(featuresOf(`${OPTIONS}\n${SUMS}`), value => Math.round(1_000 * value) / 1_000)
    expect(rounded).toMatchSnapshot()
  })

  it('do not depend on what was in the output before', () => {
    const out = new Float64Array(PROMPT_FEATURES).fill(7)
    promptFeatures(CODE, out)
    expect(out).toEqual(featuresOf(CODE))
  })

  it('need an output of their own length', () => {
    expect(() => promptFeatures('', new Float64Array(3))).toThrow(RangeError)
  })
})
