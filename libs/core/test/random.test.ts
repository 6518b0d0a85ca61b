import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Random, SeededRandom, SystemRandom } from '../src/random.ts'

const draw = (random: Random, count: number) => Array.from({ length: count }, () => random.uint32())

describe.each<[string, () => Random]>([
  ['SystemRandom', () => new SystemRandom()],
  ['SeededRandom', () => new SeededRandom(42)],
])('%s', (_, make) => {
  it('gives unsigned 32-bit integers', () => {
    for (const value of draw(make(), 10_000)) expect(value === value >>> 0).toBe(true)
  })

  it('sets each bit about half of the time', () => {
    const values = draw(make(), 10_000)
    for (let bit = 0; bit < 32; bit++) {
      const share = values.filter(value => (value >>> bit) & 1).length / values.length
      // Ten standard deviations: a fair bit is outside once in 10^22 runs.
      expect(Math.abs(share - 0.5)).toBeLessThan(0.05)
    }
  })

  it('gives as many bytes as asked, however many', () => {
    const random = make()
    for (const length of [0, 1, 16, 4_095, 4_096, 4_097, 10_000]) {
      expect(random.bytes(length)).toHaveLength(length)
    }
  })

  it('leaves given bytes alone when it draws on', () => {
    const random = make()
    const bytes = random.bytes(16)
    const copy = [...bytes]
    random.bytes(8_192)
    draw(random, 4_096)
    expect([...bytes]).toEqual(copy)
  })
})

describe('SeededRandom', () => {
  it('repeats itself for a seed, and only for that', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer(), (seed, other) => {
        const first = draw(new SeededRandom(seed), 4)
        expect(draw(new SeededRandom(seed), 4)).toEqual(first)
        if ((seed | 0) !== (other | 0)) expect(draw(new SeededRandom(other), 4)).not.toEqual(first)
      }),
    )
  })
})

describe('SystemRandom', () => {
  it('does not repeat itself across pools', () => {
    const values = draw(new SystemRandom(), 4_096)
    // 2 in 4,096 of 2^32 are alike about once in 500 runs; 4 never.
    expect(new Set(values).size).toBeGreaterThan(4_092)
  })
})
