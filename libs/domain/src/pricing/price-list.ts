/**
 * What each arm costs, at any moment: the configuration's price since ever, and from their moments on the dated ones. All of them are in
 * memory, followed by asking the store for what has changed; while the store is away it goes on with what it knows.
 */
import type { ArmId } from '@atp/core/ids'
import type { Arm, Price } from '../routing/arm.ts'
import { ArmPrices, NO_DATED_PRICES } from './arm-prices.ts'
import type { DatedPrice, PricePeriod } from './dated-price.ts'
import type { PriceStore, RevisedPrices } from './price-store.ts'

/** Looks prices up: for each candidate of each request, so that it allocates nothing. */
export interface Prices {
  /** @param instant milliseconds since 1970 */
  at(arm: Arm, instant: number): Price
}

/** What the configuration says, whenever. */
export const CONFIGURED_PRICES: Prices = { at: arm => arm.price }

export class PriceList implements Prices {
  readonly #store: Pick<PriceStore, 'changedAfter'>
  #dated = new Map<string, DatedPrice>()
  #byArm = new Map<ArmId, ArmPrices>()
  #revision = 0
  #refreshing: Promise<void> = Promise.resolve()

  constructor(store: Pick<PriceStore, 'changedAfter'>) {
    this.#store = store
  }

  /** Of the last change that it knows of. */
  get revision(): number {
    return this.#revision
  }

  at(arm: Arm, instant: number): Price {
    return this.#byArm.get(arm.id)?.at(instant) ?? arm.price
  }

  /** @returns undefined where there is none, or it was withdrawn */
  find(id: string): DatedPrice | undefined {
    return this.#dated.get(id)
  }

  /** Arm by arm, those of the configuration first; each by time. */
  periods(arms: readonly Arm[]): PricePeriod[] {
    const configured = new Map(arms.map(arm => [arm.id, arm]))
    const ids = new Set([...configured.keys(), ...this.#byArm.keys()])
    return [...ids].flatMap(id => (this.#byArm.get(id) ?? NO_DATED_PRICES).periods(configured.get(id)))
  }

  /** Whatever was committed before the call is known after it. @throws whatever the store throws: nothing is forgotten then */
  refresh(): Promise<void> {
    const next = this.#refreshing.then(() => this.#catchUp())
    this.#refreshing = next.catch(() => undefined)
    return next
  }

  async #catchUp(): Promise<void> {
    let revised = await this.#store.changedAfter(this.#revision)
    if (revised.revision < this.#revision) {
      // Another database, or an older state of it.
      revised = await this.#store.changedAfter(0)
      this.#dated = new Map()
    } else if (revised.revision === this.#revision) return
    this.#take(revised)
  }

  #take({ revision, prices }: RevisedPrices): void {
    for (const price of prices) {
      if (price.withdrawnAt === null) this.#dated.set(price.id, price)
      else this.#dated.delete(price.id)
    }
    const byArm = Map.groupBy(this.#dated.values(), ({ arm }) => arm)
    this.#byArm = new Map([...byArm].map(([arm, dated]) => [arm, new ArmPrices(dated)]))
    this.#revision = revision
  }
}
