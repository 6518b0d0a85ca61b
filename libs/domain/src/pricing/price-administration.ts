/** Sets prices from a moment on, and withdraws those that don't hold yet, each change with its line in the log of changes. */
import type { Clock } from '@atp/core/clock'
import { AtpError, type FieldProblem } from '@atp/core/errors'
import { newId } from '@atp/core/ids'
import type { Random } from '@atp/core/random'
import type { EpochMs } from '@atp/core/units'
import type { AdapterRegistry } from '../adapter/registry.ts'
import type { Arm, Price } from '../routing/arm.ts'
import { names } from '../routing/constraints.ts'
import type { AuditEntry } from '../tenant/store.ts'
import { changedMeanwhile } from '../tenant/tenant-administration.ts'
import type { DatedPrice, PricePeriod } from './dated-price.ts'
import type { PriceList } from './price-list.ts'
import type { PriceStore } from './price-store.ts'

export interface PriceAdministrationOptions {
  readonly store: Pick<PriceStore, 'commit'>
  /** Knows of a change as soon as it is committed. */
  readonly prices: PriceList
  readonly registry: Pick<AdapterRegistry, 'arms' | 'resolve'>
  readonly clock: Clock
  readonly random: Random
}

export interface NewPrice {
  /** An arm, or the name of a model that one adapter alone serves. */
  readonly model: string
  /** Null: at once. */
  readonly validFrom: EpochMs | null
  readonly price: Price
}

/** What held at that moment until now, and what will. */
interface Changed<Before> {
  readonly before: Before
  readonly after: DatedPrice
}

const MICRO_USD = 1_000_000
/** As in the configuration. */
const MOST_USD = 1_000_000
/** Each time somebody else was faster. */
const MOST_TRIES = 5

export class PriceAdministration {
  readonly #options: PriceAdministrationOptions

  constructor(options: PriceAdministrationOptions) {
    this.#options = options
  }

  /**
   * @param model an arm or a model's name; null: all
   * @param at only what holds at this moment; null: whatever held, holds and will hold
   */
  async list(model: string | null, at: EpochMs | null): Promise<readonly PricePeriod[]> {
    const { prices, registry } = this.#options
    await prices.refresh()
    return prices
      .periods(registry.arms())
      .filter(({ arm }) => model === null || names([model], { id: arm, model: modelOf(arm) }))
      .filter(period => at === null || holdsAt(period, at))
  }

  /** @throws {AtpError} `invalid_request`; `already_exists` where the model has a price from that moment on */
  async set(actor: string, wanted: NewPrice): Promise<PricePeriod> {
    const { clock, random, registry } = this.#options
    const { before, after } = await this.#change(actor, 'price.set', periods => {
      const now = clock.now()
      const arm = requireValid(wanted, registry, now)
      const validFrom = wanted.validFrom ?? now
      const own = periods.filter(period => period.arm === arm.id)
      if (own.some(period => period.validFrom === validFrom)) throw taken(validFrom)
      const { price } = wanted
      const after = {
        ...{ id: newId(clock, random), arm: arm.id, validFrom, price },
        ...{ createdAt: now, withdrawnAt: null },
      }
      // At any moment there is one: the configuration's holds since ever.
      const before = own.find(period => holdsAt(period, validFrom)) as PricePeriod
      return { before, after }
    })
    return { ...after, validUntil: before.validUntil }
  }

  /** @throws {AtpError} `not_found`; `invalid_request` where it holds, or has held */
  async withdraw(actor: string, id: string): Promise<void> {
    const { clock, prices } = this.#options
    await this.#change(actor, 'price.withdrawn', () => {
      const before = prices.find(id)
      if (before === undefined) throw new AtpError('not_found', { detail: `there is no price '${id}'` })
      const now = clock.now()
      if (before.validFrom <= now) throw holdsAlready(before)
      return { before, after: { ...before, withdrawnAt: now } }
    })
  }

  /** Decides anew where somebody else was faster. */
  async #change<Before extends PricePeriod | DatedPrice>(
    actor: string,
    action: string,
    decide: (periods: readonly PricePeriod[]) => Changed<Before>,
  ): Promise<Changed<Before>> {
    const { store, prices, registry, clock, random } = this.#options
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      await prices.refresh()
      const changed = decide(prices.periods(registry.arms()))
      const { before, after } = changed
      const audit: AuditEntry = {
        id: newId(clock, random),
        at: clock.now(),
        actor,
        action,
        subject: `prices/${after.arm}`,
        before: { ...before },
        after: { ...after },
      }
      if (await store.commit({ revision: prices.revision, price: after, audit })) {
        // What is committed is done, also where the list hears of it only later.
        await prices.refresh().catch(() => undefined)
        return changed
      }
    }
    throw changedMeanwhile(null)
  }
}

function requireValid(
  { model, validFrom, price }: NewPrice,
  registry: Pick<AdapterRegistry, 'arms' | 'resolve'>,
  now: EpochMs,
): Arm {
  const found = registry.resolve(model)
  const problems: FieldProblem[] = []
  const [arm] = found
  if (arm === undefined || found.length > 1) {
    const allowed = (arm === undefined ? registry.arms() : found).map(({ id }) => id).join(', ')
    problems.push({ field: 'model', found: JSON.stringify(model), allowed: `one of ${allowed}` })
  }
  if (validFrom !== null && validFrom < now) {
    const allowed = `a time to come, or nothing for now (${timeOf(now)})`
    problems.push({ field: 'valid_from', found: timeOf(validFrom), allowed })
  }
  for (const [field, usd] of [
    ['input_usd_per_mtok', price.inputUsdPerMtok],
    ['output_usd_per_mtok', price.outputUsdPerMtok],
  ] as const) {
    if (isPrice(usd)) continue
    const allowed = 'from 0 to 1000000, with up to six decimals'
    problems.push({ field, found: `${usd}`, allowed })
  }
  if (problems.length > 0 || arm === undefined) {
    throw new AtpError('invalid_request', { detail: 'the price is not valid', problems })
  }
  return arm
}

/** What the store takes as whole micro-dollars per million tokens, and gives back as it was. */
function isPrice(usd: number): boolean {
  return usd >= 0 && usd <= MOST_USD && Math.round(usd * MICRO_USD) / MICRO_USD === usd
}

function holdsAt({ validFrom, validUntil }: PricePeriod, instant: number): boolean {
  return (validFrom === null || validFrom <= instant) && (validUntil === null || instant < validUntil)
}

/** The half of an arm's id behind its adapter's. */
function modelOf(arm: string): string {
  return arm.slice(arm.indexOf('/') + 1)
}

function taken(validFrom: EpochMs): AtpError {
  return new AtpError('already_exists', {
    detail: 'this model has a price from that moment on: withdraw it first',
    problems: [{ field: 'valid_from', found: timeOf(validFrom), allowed: 'a moment of its own' }],
  })
}

function holdsAlready({ validFrom }: DatedPrice): AtpError {
  return new AtpError('invalid_request', {
    detail: 'what a price has settled stays so: set a new one instead',
    problems: [
      {
        field: 'id',
        found: `a price that holds since ${timeOf(validFrom)}`,
        allowed: 'one that is still to come',
      },
    ],
  })
}

function timeOf(at: number): string {
  // biome-ignore lint/style/noRestrictedGlobals: it writes a moment down, and asks for none
  return new Date(at).toISOString()
}
