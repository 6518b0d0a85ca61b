/** A model's price from a moment on. It is never edited once it holds: a correction is a new one. */
import type { ArmId } from '@atp/core/ids'
import type { EpochMs } from '@atp/core/units'
import type { Price } from '../routing/arm.ts'

export interface DatedPrice {
  readonly id: string
  readonly arm: ArmId
  readonly validFrom: EpochMs
  readonly price: Price
  readonly createdAt: EpochMs
  /** A withdrawn one never held, and is kept so that every replica hears of it; null: it stands. */
  readonly withdrawnAt: EpochMs | null
}

/** A price, and how long it holds. */
export interface PricePeriod {
  /** Null: the configuration's. */
  readonly id: string | null
  readonly arm: ArmId
  /** Null: since ever. */
  readonly validFrom: EpochMs | null
  /** Not included; null: until somebody sets another. */
  readonly validUntil: EpochMs | null
  readonly price: Price
  /** Null: the configuration's. */
  readonly createdAt: EpochMs | null
}
