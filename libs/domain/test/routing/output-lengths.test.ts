import type { ArmId } from '@atp/core/ids'
import { typescriptNative } from '@atp/native'
import { beforeEach, describe, expect, it } from 'vitest'
import { OutputLengths } from '../../src/routing/index.ts'

const ARM = 'up/small' as ArmId
const HALF_LIFE_MS = 1_000
let lengths: OutputLengths

beforeEach(() => {
  lengths = new OutputLengths(typescriptNative, HALF_LIFE_MS)
})

function record(answers: number, tokens: (index: number) => number, now = 0): void {
  for (let index = 0; index < answers; index++) lengths.record(ARM, tokens(index), now)
}

describe('the 95th percentile of the lengths of answers', () => {
  it('is three times the expected mean, rounded up, until twenty answers were seen', () => {
    expect(lengths.p95(ARM, 33.4, 0)).toBe(101)
    record(19, () => 500)
    expect(lengths.p95(ARM, 33.4, 0)).toBe(101)
    record(1, () => 500)
    expect(lengths.p95(ARM, 33.4, 0)).toBeGreaterThan(400)
  })

  it('is that of what was seen, nearly', () => {
    record(1_000, index => 1 + index)
    const p95 = lengths.p95(ARM, 10, 0)
    expect(Number.isInteger(p95)).toBe(true)
    expect(p95).toBeGreaterThan(0.9 * 950)
    expect(p95).toBeLessThan(1.1 * 950)
  })

  it('is never below the mean that is expected', () => {
    record(100, () => 10)
    expect(lengths.p95(ARM, 123.4, 0)).toBe(124)
  })

  it('forgets by its half-life, and is a multiple of the mean again', () => {
    record(100, () => 900)
    expect(lengths.p95(ARM, 20, 0)).toBeGreaterThan(800)
    expect(lengths.p95(ARM, 20, 10 * HALF_LIFE_MS)).toBe(60)
  })

  it("is each model's own", () => {
    record(100, () => 900)
    expect(lengths.p95('up/large' as ArmId, 20, 0)).toBe(60)
  })
})
