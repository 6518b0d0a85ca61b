import { ManualClock } from '@atp/core/clock'
import type { AdapterId, ArmId } from '@atp/core/ids'
import { SeededRandom } from '@atp/core/random'
import { type EpochMs, epochMs } from '@atp/core/units'
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { PriceAdministration, PriceList } from '../../src/pricing/index.ts'
import type { Arm, Price } from '../../src/routing/index.ts'
import { armOf } from '../routing/catalogue.ts'
import { MemoryPriceStore } from './memory-price-store.ts'

const small = armOf('small')
const large = armOf('large')
const elsewhere = armOf('large', { id: 'other/large' as ArmId, adapterId: 'other' as AdapterId })
const arms: readonly Arm[] = [small, large, elsewhere]
const registry = {
  arms: () => arms,
  resolve: (name: string) => arms.filter(({ id, model }) => id === name || model === name),
}

let clock: ManualClock
let store: MemoryPriceStore
let prices: PriceList
let administration: PriceAdministration

beforeEach(() => {
  clock = new ManualClock()
  store = new MemoryPriceStore()
  prices = new PriceList(store)
  administration = administrationOf(prices)
})

function administrationOf(list: PriceList): PriceAdministration {
  return new PriceAdministration({ store, prices: list, registry, clock, random: new SeededRandom(1) })
}

const usd = (input: number, output = 2 * input): Price => ({
  inputUsdPerMtok: input,
  outputUsdPerMtok: output,
})
const set = (price: Price, validFrom: EpochMs | null = null, model = 'small') =>
  administration.set('admin', { model, validFrom, price })
const later = (ms: number) => epochMs(clock.now() + ms)
const holding = (arm = small) => prices.at(arm, clock.now())

describe('a price', () => {
  it('is the configuration’s since ever, and a dated one from its moment on, by itself', async () => {
    expect(holding()).toBe(small.price)
    await set(usd(3), later(1_000))
    await set(usd(5), later(2_000))
    expect(holding()).toBe(small.price)
    clock.advance(999)
    expect(holding()).toBe(small.price)
    clock.advance(1)
    expect(holding()).toEqual(usd(3))
    clock.advance(1_000)
    expect(holding()).toEqual(usd(5))
    expect(holding(large)).toBe(large.price)
    // What was asked for last is no matter.
    expect(prices.at(small, clock.now() - 1)).toEqual(usd(3))
    expect(prices.at(small, 0)).toBe(small.price)
  })

  it('is found at any moment, in whatever order moments are asked for', async () => {
    const moments = fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(moments, fc.array(fc.integer({ min: 0, max: 45 })), async (from, asked) => {
        store = new MemoryPriceStore()
        prices = new PriceList(store)
        administration = administrationOf(prices)
        const start = clock.now()
        for (const at of from) await set(usd(at), epochMs(start + at))
        for (const at of asked) {
          const last = Math.max(...from.filter(each => each <= at))
          const expected = Number.isFinite(last) ? usd(last) : small.price
          expect(prices.at(small, start + at)).toEqual(expected)
        }
      }),
    )
  })

  it('holds at once where no moment is said, and then takes the place of what held', async () => {
    const first = await set(usd(3))
    expect(holding()).toEqual(usd(3))
    clock.advance(10)
    const second = await set(usd(4))
    expect(holding()).toEqual(usd(4))
    expect(await administration.list('up/small', null)).toMatchObject([
      { id: null, validFrom: null, validUntil: first.validFrom, price: small.price },
      { id: first.id, validFrom: first.validFrom, validUntil: second.validFrom, price: usd(3) },
      { id: second.id, validFrom: second.validFrom, validUntil: null, price: usd(4) },
    ])
    const then = await administration.list(null, epochMs(clock.now() - 1))
    expect(then.map(({ arm, price }) => [arm, price])).toEqual([
      ['up/small', usd(3)],
      ['up/large', large.price],
      ['other/large', elsewhere.price],
    ])
  })

  it('can be withdrawn until it holds, and not after', async () => {
    const wrong = await set(usd(9), later(1_000))
    const right = await set(usd(3), later(2_000))
    await administration.withdraw('admin', wrong.id as string)
    clock.advance(1_000)
    expect(holding()).toBe(small.price)
    clock.advance(1_000)
    await expect(administration.withdraw('admin', right.id as string)).rejects.toMatchObject({
      code: 'invalid_request',
      problems: [{ field: 'id', found: expect.stringContaining('holds since'), allowed: expect.any(String) }],
    })
    await expect(administration.withdraw('admin', wrong.id as string)).rejects.toMatchObject({
      code: 'not_found',
    })
    expect(holding()).toEqual(usd(3))
  })

  it.each([
    ['model', { model: 'tiny' }, '"tiny"', 'up/small'],
    ['model', { model: 'large' }, '"large"', 'up/large, other/large'],
    ['valid_from', { validFrom: epochMs(0) }, '1970-01-01T00:00:00.000Z', 'a time to come'],
    ['input_usd_per_mtok', { price: usd(-1) }, '-1', 'from 0'],
    ['input_usd_per_mtok', { price: usd(Number.NaN) }, 'NaN', 'from 0'],
    ['output_usd_per_mtok', { price: usd(1, Number.POSITIVE_INFINITY) }, 'Infinity', 'from 0'],
    ['output_usd_per_mtok', { price: usd(1, 0.123_456_7) }, '0.1234567', 'six decimals'],
  ])('is refused with a bad %s (%j)', async (field, differs, found, allowed) => {
    clock.advance(10)
    const wanted = { model: 'small', validFrom: null, price: usd(1), ...differs }
    const refused = await administration.set('admin', wanted).catch(error => error)
    expect(refused).toMatchObject({ code: 'invalid_request', status: 400 })
    const problem = refused.problems.find((each: { field: string }) => each.field === field)
    expect(problem).toMatchObject({ found, allowed: expect.stringContaining(allowed) })
    expect(store.auditLog).toEqual([])
  })

  it('is refused where the model has one from that very moment on', async () => {
    const at = later(1_000)
    await set(usd(3), at)
    await expect(set(usd(4), at)).rejects.toMatchObject({ code: 'already_exists', status: 409 })
  })

  it('is logged with what held until then, also where somebody else was faster', async () => {
    const rival = administrationOf(new PriceList(store))
    const first = later(1_000)
    store.before = () => rival.set('rival', { model: 'small', validFrom: first, price: usd(3) })
    await set(usd(4), later(2_000))
    expect(store.auditLog).toMatchObject([
      { actor: 'rival', action: 'price.set', subject: 'prices/up/small', before: { price: small.price } },
      { actor: 'admin', before: { validFrom: first, price: usd(3) }, after: { price: usd(4) } },
    ])
    const id = store.auditLog[1]?.after?.id as string
    await administration.withdraw('admin', id)
    expect(store.auditLog[2]).toMatchObject({ action: 'price.withdrawn', before: { id }, after: { id } })
  })
})

describe('the price list', () => {
  it('learns what others have set, and forgets what another database does not know', async () => {
    const other = new PriceList(store)
    await set(usd(3))
    expect(other.at(small, clock.now())).toBe(small.price)
    await other.refresh()
    expect(other.at(small, clock.now())).toEqual(usd(3))
    store.empty()
    await other.refresh()
    expect(other.at(small, clock.now())).toBe(small.price)
  })
})
