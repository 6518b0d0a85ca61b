import type { ArmId } from '@atp/core/ids'
import { epochMs, microUsd } from '@atp/core/units'
import { describe, expect, it } from 'vitest'
import { CONFIGURED_PRICES, type DatedPrice, PriceList } from '../../src/pricing/index.ts'
import { armOf, requestOf, routingOver } from './catalogue.ts'

const DEARER = { inputUsdPerMtok: 100, outputUsdPerMtok: 400 }
const arms = [armOf('a'), armOf('b')]

/** Arm `a` gets a hundred times dearer in a second. */
async function routingOverDatedPrices() {
  const prices = new PriceList({
    changedAfter: async () => ({ revision: 1, prices: [dearer] }),
  })
  const setup = routingOver(arms, Number.POSITIVE_INFINITY, 0.01, 0, 1, undefined, undefined, {
    at: (arm, instant) => prices.at(arm, instant),
  })
  const dearer: DatedPrice = {
    ...{ id: 'p', arm: 'up/a' as ArmId, validFrom: epochMs(setup.clock.now() + 1_001), price: DEARER },
    ...{ createdAt: epochMs(0), withdrawnAt: null },
  }
  await prices.refresh()
  const candidate = (differs = {}) =>
    setup.router.plan(requestOf(differs)).candidates.find(({ arm }) => arm === 'up/a')
  return { ...setup, candidate }
}

describe('a request', () => {
  it('is routed by the prices that hold when it is decided, to the millisecond', async () => {
    const { clock, candidate } = await routingOverDatedPrices()
    const before = candidate()
    expect(before?.price).toBe(arms[0]?.price)
    clock.advance(1_000)
    expect(candidate()?.price).toBe(arms[0]?.price)
    clock.advance(1)
    const after = candidate()
    expect(after?.price).toEqual(DEARER)
    expect(after?.estimate.costUsd).toBeCloseTo(100 * (before?.estimate.costUsd as number), 9)
  })

  it('keeps its ceiling, and its tenant’s budget, at the price that holds', async () => {
    const { clock, candidate } = await routingOverDatedPrices()
    const constraints = { maxCost: microUsd(2_000) }
    const cheap = candidate({ constraints })
    expect(cheap?.excluded).toBeNull()
    clock.advance(1_001)
    expect(candidate({ constraints })?.excluded).toMatchObject([{ reason: 'max_cost' }])
    const generous = { maxCost: microUsd(200_000) }
    const limit = candidate({ constraints: generous })?.outputLimit as number
    expect(limit).toBe(Math.floor((200_000 - 110 * 100) / 400))
    // Two answers of 200 tokens: more than ten requests' budgets of $0.01.
    expect(candidate({ choices: 2 })?.excluded).toMatchObject([{ reason: 'budget' }])
  })

  it('is routed by the configuration where nobody has set a price', () => {
    expect(CONFIGURED_PRICES.at(arms[0] as (typeof arms)[0], 0)).toBe(arms[0]?.price)
  })
})
