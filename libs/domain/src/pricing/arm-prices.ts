/** The dated prices of one arm, and which of them holds: two comparisons, until another one does. */
import type { ArmId } from '@atp/core/ids'
import type { Arm, Price } from '../routing/arm.ts'
import type { DatedPrice, PricePeriod } from './dated-price.ts'

export class ArmPrices {
  /** By time. */
  readonly #dated: readonly DatedPrice[]
  /** Of what was asked for last, which is what holds now. */
  #from = 0
  #until = 0
  #price: Price | null = null

  constructor(dated: readonly DatedPrice[]) {
    this.#dated = dated.toSorted((a, b) => a.validFrom - b.validFrom)
  }

  /** @returns null where the configuration's price holds */
  at(instant: number): Price | null {
    if (instant < this.#from || instant >= this.#until) this.#seek(instant)
    return this.#price
  }

  #seek(instant: number): void {
    const next = this.#dated.findIndex(({ validFrom }) => validFrom > instant)
    const held = this.#dated.at(next === -1 ? -1 : next - 1)
    const holds = next !== 0 && held !== undefined
    this.#from = holds ? held.validFrom : Number.NEGATIVE_INFINITY
    this.#until = next === -1 ? Number.POSITIVE_INFINITY : (this.#dated[next] as DatedPrice).validFrom
    this.#price = holds ? held.price : null
  }

  /** All prices, by time, the configuration's first where the arm is still configured. */
  periods(arm: Arm | undefined): PricePeriod[] {
    const periods = this.#dated.map(({ id, arm, validFrom, price, createdAt }, at) => ({
      ...{ id, arm, validFrom, price, createdAt },
      validUntil: this.#dated[at + 1]?.validFrom ?? null,
    }))
    const configured = arm === undefined ? [] : [configuredPeriod(arm, this.#dated[0])]
    return [...configured, ...periods]
  }
}

export const NO_DATED_PRICES = new ArmPrices([])

function configuredPeriod(
  { id, price }: Pick<Arm, 'price'> & { readonly id: ArmId },
  next: DatedPrice | undefined,
): PricePeriod {
  return {
    id: null,
    arm: id,
    validFrom: null,
    validUntil: next?.validFrom ?? null,
    price,
    createdAt: null,
  }
}
