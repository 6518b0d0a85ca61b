/** How a model or an account can be made to misbehave: one schema for the configuration file, the flags and the control API. */
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'

const Share = Type.Number({ minimum: 0, maximum: 1 })
const Factor = Type.Number({ minimum: 0 })
const Count = Type.Integer({ minimum: 0 })

export const DriftSchema = Type.Object(
  {
    after_s: Type.Optional(Type.Number({ minimum: 0, description: 'Seconds after these faults were set.' })),
    after_requests: Type.Optional(
      Type.Integer({ minimum: 0, description: 'Requests since these faults were set.' }),
    ),
    quality_shift: Type.Optional(
      Type.Number({ minimum: -1, maximum: 1, description: 'Added to every mean quality.' }),
    ),
    latency_factor: Type.Optional(Factor),
    price_factor: Type.Optional(Factor),
  },
  { additionalProperties: false },
)

export const FaultsSchema = Type.Object(
  {
    error_rate: Type.Optional({ ...Share, description: 'Share of the requests that fail.' }),
    error_status: Type.Optional(
      Type.Integer({ minimum: 400, maximum: 599, description: 'Their status: 500.' }),
    ),
    rate_limit_rate: Type.Optional({ ...Share, description: 'Share of the requests that get a 429.' }),
    retry_after_s: Type.Optional(Type.Number({ minimum: 0, description: 'Its Retry-After: 1.' })),
    stall_rate: Type.Optional({
      ...Share,
      description: 'Share of the requests that are taken and never answered.',
    }),
    stall_stream_after: Type.Optional({ ...Count, description: 'Streams fall silent after so many tokens.' }),
    cut_stream_after: Type.Optional({
      ...Count,
      description: 'Streams lose their connection after so many tokens.',
    }),
    malformed_after: Type.Optional({
      ...Count,
      description: 'Streams carry a broken line after so many tokens.',
    }),
    stream_fault_rate: Type.Optional({
      ...Share,
      description: 'Share of the streams that these three hit: 1.',
    }),
    latency_factor: Type.Optional({ ...Factor, description: 'Multiplies every latency: 1.' }),
    token_time_factor: Type.Optional({ ...Factor, description: 'Multiplies the time between tokens: 1.' }),
    usage: Type.Optional(
      Type.Enum(['right', 'wrong', 'zero', 'none'], {
        description: 'What is said of the tokens used: right.',
      }),
    ),
    drift: Type.Optional(DriftSchema),
  },
  { additionalProperties: false },
)
export type Faults = Static<typeof FaultsSchema>
export type Drift = Static<typeof DriftSchema>

/** @throws {TypeError} naming the field, what was found and what is allowed */
export function parseFaults(value: unknown, where: string): Faults {
  if (Value.Check(FaultsSchema, value)) return value
  const [error] = Value.Errors(FaultsSchema, value)
  const path = error?.instancePath.replaceAll('/', '.') ?? ''
  const found = JSON.stringify(Value.Pointer.Get(value, error?.instancePath ?? ''))
  const known =
    error?.keyword === 'boolean' || error?.keyword === 'additionalProperties'
      ? `it is none of ${Object.keys(path.startsWith('.drift') ? DriftSchema.properties : FaultsSchema.properties).join(', ')}`
      : error?.message
  throw new TypeError(`${where}${path}: found ${found}, ${known}`)
}
