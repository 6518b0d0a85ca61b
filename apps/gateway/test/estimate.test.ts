import type { AdapterId, ArmId } from '@atp/core/ids'
import { type Arm, type Candidate, costOf, OutputLengths, type RoutingRequest } from '@atp/domain/routing'
import type { Tenant } from '@atp/domain/tenant'
import { typescriptNative } from '@atp/native'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type EstimateOf, estimateOf, estimateWithin } from '../src/corridor/estimate.ts'
import { tenantOf } from './limits/limit-reports.ts'

const lengths = new OutputLengths(typescriptNative, Number.POSITIVE_INFINITY)

interface Call {
  readonly price: readonly [input: number, output: number]
  readonly inputBytes: number
  readonly choices: number
  readonly maxOutputTokens?: number | undefined
  readonly armMost: number
  readonly outputLimit: number | null
}

function about(
  { price: [input, output], inputBytes, choices, maxOutputTokens, armMost, outputLimit }: Call,
  settings: Partial<Tenant>,
): EstimateOf {
  return {
    arm: {
      id: 'up/small' as ArmId,
      adapterId: 'up' as AdapterId,
      maxOutputTokens: armMost,
    } as Arm,
    candidate: {
      outputLimit,
      price: { inputUsdPerMtok: input, outputUsdPerMtok: output },
      estimate: { outputTokens: 100 },
    } as Candidate,
    request: {
      inputBytes,
      choices,
      ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    } as RoutingRequest,
    tenant: tenantOf([], settings),
    now: 0,
  }
}

const tokens = fc.integer({ min: 1, max: 200_000 })
const usd = fc.oneof(fc.constant(0), fc.double({ min: 0.001, max: 200, noNaN: true }))
const call: fc.Arbitrary<Call> = fc.record({
  price: fc.tuple(usd, usd),
  inputBytes: fc.nat(10_000_000),
  choices: fc.integer({ min: 1, max: 8 }),
  maxOutputTokens: fc.option(tokens, { nil: undefined }),
  armMost: tokens,
  outputLimit: fc.option(tokens),
})
const share = fc.double({ min: 0, max: 1, noNaN: true })
const plain: Call = { price: [1, 2], inputBytes: 300, choices: 1, armMost: 4_000, outputLimit: null }

describe('what a call is reserved at', () => {
  it('with `bound` is never exceeded by an answer that keeps to the limit that is sent', () => {
    fc.assert(
      fc.property(call, share, share, (asked, ofInput, ofOutput) => {
        const of = about(asked, { reserve: 'bound' })
        const { outputLimit, ...reserved } = estimateOf(lengths, of)
        if (outputLimit === null) throw new Error('no limit would be sent')
        expect(outputLimit).toBeLessThanOrEqual(asked.maxOutputTokens ?? Number.POSITIVE_INFINITY)
        expect(outputLimit).toBeLessThanOrEqual(asked.armMost)
        const inputTokens = Math.floor(ofInput * asked.inputBytes)
        const outputTokens = Math.floor(ofOutput * asked.choices * outputLimit)
        expect(inputTokens + outputTokens).toBeLessThanOrEqual(reserved.tokens)
        expect(
          costOf(of.candidate.price, { inputTokens, outputTokens, estimated: false }),
        ).toBeLessThanOrEqual(reserved.cost)
      }),
    )
  })

  it('is integers, as limiters take them, and otherwise sends no limit', () => {
    fc.assert(
      fc.property(call, asked => {
        const {
          tokens: reserved,
          cost,
          outputLimit,
        } = estimateOf(lengths, about(asked, { reserve: 'expected' }))
        expect([Number.isInteger(reserved), Number.isInteger(cost), outputLimit]).toEqual([true, true, null])
      }),
    )
  })

  it('expects long answers, but none longer than they may get', () => {
    const expected = (differs: Partial<Call>) => estimateOf(lengths, about({ ...plain, ...differs }, {}))
    // A third of its bytes, and three times the mean.
    expect(expected({})).toMatchObject({ tokens: 100 + 300, cost: 100 + 600 })
    expect(expected({ maxOutputTokens: 50 }).tokens).toBe(100 + 50)
    expect(expected({ outputLimit: 20 }).tokens).toBe(100 + 20)
    expect(expected({ choices: 3 }).tokens).toBe(100 + 900)
  })

  it('costs nothing where the model does, but a micro-dollar where a spent budget is to block it, too', () => {
    const free = { ...plain, price: [0, 0] as const }
    expect(estimateOf(lengths, about(free, {})).cost).toBe(0)
    expect(estimateOf(lengths, about(free, { blockZeroPrice: true })).cost).toBe(1)
  })
})

describe('what is left of a hard quota', () => {
  const left = fc.record({ tokens: fc.nat(1_000_000), cost: fc.nat(10_000_000) })

  it('pays for all that is reserved within it, and for not one token more a choice', () => {
    fc.assert(
      fc.property(call, left, (asked, within) => {
        const of = about(asked, {})
        const estimate = estimateWithin(within, of)
        const { inputBytes, choices, price } = asked
        const needs = (output: number) => ({
          tokens: inputBytes + choices * output,
          cost: inputBytes * price[0] + choices * output * price[1],
        })
        const fits = ({ tokens: needed, cost }: { tokens: number; cost: number }, slack: number) =>
          needed <= within.tokens + slack && cost <= within.cost + slack
        if (estimate === null) {
          expect(fits(needs(1), -1e-6)).toBe(false)
          return
        }
        const limit = estimate.outputLimit as number
        expect(estimate.tokens).toBeLessThanOrEqual(within.tokens)
        expect(estimate.cost).toBeLessThanOrEqual(within.cost)
        const isMost = limit === (asked.maxOutputTokens ?? asked.armMost)
        if (!isMost) expect(fits(needs(limit + 1), -1e-6)).toBe(false)
      }),
    )
  })
})
