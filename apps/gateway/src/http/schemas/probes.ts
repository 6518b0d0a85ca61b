/** What the probes answer. */
import { Type } from 'typebox'

const Status = Type.Enum(['ok', 'degraded', 'unavailable'], {
  description: '`degraded`: it serves on, as its policy is; the detail says what is missing.',
})
const FigureOrNull = (description: string) => Type.Union([Type.Number(), Type.Null()], { description })

const Check = Type.Object({
  status: Status,
  detail: Type.Union([Type.String(), Type.Null()], {
    description: 'For a person; null where there is nothing to say.',
  }),
  latency_ms: FigureOrNull(
    'What the dependency took to answer last; null where it gave no answer, or where nothing had to be asked.',
  ),
  age_ms: FigureOrNull('Since that was known; null before anything was.'),
})

const reportFields = {
  status: Status,
  checks: Type.Record(Type.String(), Check, { description: 'The worst of them is the status.' }),
  version: Type.String(),
  uptime_s: Type.Number({ description: 'Seconds since the gateway began to listen.' }),
}
export const ProbeReport = Type.Object(reportFields)

const CallHealth = {
  circuit: Type.Enum(['closed', 'open', 'half_open']),
  calls: Type.Integer({ description: 'Ended since the start.' }),
  in_flight: Type.Integer(),
  error_rate: FigureOrNull('Share of failures among recent calls; null without any.'),
  latency_p50_ms: FigureOrNull('Of recent calls.'),
  latency_p95_ms: FigureOrNull('Of recent calls.'),
  time_to_first_token_p50_ms: FigureOrNull('Of recent streams.'),
  time_to_first_token_p95_ms: FigureOrNull('Of recent streams.'),
  stale_ms: FigureOrNull('Since a call last ended.'),
}
export const HealthReport = Type.Object({
  ...reportFields,
  adapters: Type.Record(
    Type.String(),
    Type.Object({
      ...CallHealth,
      concurrency_limit: FigureOrNull(
        'Calls that it gets at once since it had too much; null while there is no limit.',
      ),
      arms: Type.Record(Type.String(), Type.Object(CallHealth)),
    }),
  ),
})
