import fc from 'fast-check'
import { expect, it } from 'vitest'
import { PROMPT_FEATURES } from '../src/index.ts'
import { describeEach } from './implementations.ts'

const CODE = 'Write a python function that returns the sum of a list.'
const MORE_CODE = 'Write a python function that returns the product of a list.'
const SUMS = 'Tom has 12 apples and buys 30 more. How many apples does he have in total?'
const OPTIONS = 'Which gas do plants take in?\n(A) oxygen\n(B) carbon dioxide\n(C) helium\n(D) neon'

describeEach('the features of a prompt', native => {
  function featuresOf(text: string): Float64Array {
    const out = new Float64Array(PROMPT_FEATURES).fill(Number.NaN)
    native.promptFeatures(text, out)
    return out
  }

  function distance(a: string, b: string): number {
    const [x, y] = [featuresOf(a), featuresOf(b)]
    return Math.hypot(...x.map((value, k) => value - (y[k] as number)))
  }

  it('are finite and bounded, whatever the text, and begin with the bias', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2_000 }), text => {
        const features = featuresOf(text)
        expect(features[0]).toBe(1)
        expect(features.every(value => Math.abs(value) < 1_000)).toBe(true)
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
    expect(rounded).toMatchSnapshot('version 1')
  })

  it('are those of the first 16,384 code units: 50 MiB cost no more', () => {
    const beginning = `${'ab1 ?'.repeat(3_276)}$abc`
    expect(beginning).toHaveLength(16_384)
    expect(featuresOf(beginning + '\nWhat? (A) python €'.repeat(3_000_000))).toEqual(featuresOf(beginning))
    expect(featuresOf(beginning)).not.toEqual(featuresOf(beginning.slice(1)))
  })

  it('do not depend on what was in the output before', () => {
    const out = new Float64Array(PROMPT_FEATURES).fill(7)
    native.promptFeatures(CODE, out)
    expect(out).toEqual(featuresOf(CODE))
  })

  it.each([undefined, null, 7, Buffer.from('text'), new String('text')])(
    'are of strings, and %o is refused',
    text => {
      const out = new Float64Array(PROMPT_FEATURES).fill(7)
      expect(() => native.promptFeatures(text as string, out)).toThrow(RangeError)
      expect(out.every(figure => figure === 7)).toBe(true)
    },
  )

  it.each([
    new Float64Array(3),
    new Float64Array(PROMPT_FEATURES + 1),
    new Float32Array(PROMPT_FEATURES),
    new Array(PROMPT_FEATURES).fill(0),
    undefined,
  ])('need an output of their own kind and length', out => {
    expect(() => native.promptFeatures('', out as Float64Array)).toThrow(RangeError)
  })
})
