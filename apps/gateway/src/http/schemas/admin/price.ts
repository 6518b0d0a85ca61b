/** A model's price on the wire, and how long it holds. */
import type { PricePeriod } from '@atp/domain/pricing'
import { type Static, Type } from 'typebox'
import { Arm } from '../common.ts'
import { Time, TimeOrNull, timeOf } from './time.ts'

const UsdPerMtok = (direction: string) =>
  Type.Number({
    minimum: 0,
    maximum: 1_000_000,
    description: `US dollars per million tokens of ${direction}, exact to a millionth.`,
  })

export const NewPriceBody = Type.Object(
  {
    model: Type.String({
      minLength: 1,
      maxLength: 301,
      description: 'An arm, `adapter/model`, or the name of a model that one adapter alone serves.',
    }),
    valid_from: Type.Optional(
      Type.Unsafe<string>({ ...Time, description: 'RFC 3339, a time to come; without it, at once.' }),
    ),
    input_usd_per_mtok: UsdPerMtok('input'),
    output_usd_per_mtok: UsdPerMtok('output'),
  },
  { additionalProperties: false },
)

export const PriceAnswer = Type.Object({
  id: Type.Union([Type.String(), Type.Null()], { description: 'Null: from the configuration.' }),
  model: Arm,
  valid_from: Type.Union([Time, Type.Null()], { description: 'Null: since ever.' }),
  valid_until: Type.Union([Time, Type.Null()], {
    description: 'When the next price takes its place; null: nobody has set one.',
  }),
  input_usd_per_mtok: UsdPerMtok('input'),
  output_usd_per_mtok: UsdPerMtok('output'),
  created_at: TimeOrNull,
})

export function priceAnswer(period: PricePeriod): Static<typeof PriceAnswer> {
  return {
    id: period.id,
    model: period.arm,
    valid_from: timeOf(period.validFrom),
    valid_until: timeOf(period.validUntil),
    input_usd_per_mtok: period.price.inputUsdPerMtok,
    output_usd_per_mtok: period.price.outputUsdPerMtok,
    created_at: timeOf(period.createdAt),
  }
}
