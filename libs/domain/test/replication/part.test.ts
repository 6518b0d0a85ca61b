import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { add, subtract } from '../../src/replication/index.ts'
import { isNothing, type Part, type Parts } from '../../src/replication/part.ts'

const HALF_LIFE = 1_000

const partArbitrary = fc.record({
  halfLifeMs: fc.constant(HALF_LIFE),
  at: fc.integer({ min: 0, max: 5 * HALF_LIFE }),
  changes: fc.integer({ min: 0, max: 2 }),
  first: fc.integer({ min: 0, max: 5 }),
  most: fc.constant(Number.POSITIVE_INFINITY),
  figures: fc
    .array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { maxLength: 8 })
    .map(figures => Float64Array.from(figures)),
})
const partsArbitrary = fc
  .dictionary(fc.constantFrom('quality', 'latency', 'tokens'), partArbitrary)
  .map(record => new Map(Object.entries(record)))

/** Whether they say the same of evidence, whatever zeros they spell out. */
function expectAlike(a: Parts, b: Parts): void {
  for (const name of new Set([...a.keys(), ...b.keys()])) {
    const [x, y] = [a.get(name), b.get(name)]
    for (let index = 0; index < 20; index++) expect(figureAt(x, index)).toBeCloseTo(figureAt(y, index), 6)
  }
}

function figureAt(part: Part | undefined, index: number): number {
  return part?.figures[index - part.first] ?? 0
}

describe('sums of replicas', () => {
  it('add up in any order, and in any grouping', () => {
    fc.assert(
      fc.property(partsArbitrary, partsArbitrary, partsArbitrary, (a, b, c) => {
        expectAlike(add(a, b), add(b, a))
        expectAlike(add(add(a, b), c), add(a, add(b, c)))
      }),
    )
  })

  it('are taken apart again', () => {
    fc.assert(
      fc.property(partsArbitrary, partsArbitrary, (a, b) => {
        const both = add(a, b)
        expectAlike(add(b, subtract(both, b)), both)
      }),
    )
  })

  it('know what adds nothing', () => {
    fc.assert(
      fc.property(partsArbitrary, a => {
        expect(isNothing(subtract(a, a))).toBe(true)
      }),
    )
    const part = { halfLifeMs: HALF_LIFE, at: 0, changes: 0, first: 3, most: 9 }
    expect(isNothing(new Map([['quality', { ...part, figures: Float64Array.of(0, 1e-300) }]]))).toBe(false)
  })
})
