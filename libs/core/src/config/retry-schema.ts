/** How often a request may be sent to an upstream once more. */
import { Type } from 'typebox'
import { count, duration, durationOrZero, section } from './schema-parts.ts'

const share = (value: number, description: string) =>
  Type.Number({ minimum: 0, maximum: 1, default: value, description })

export const RetryBudgetSchema = section(
  'What retries of all requests may come to in any 10 seconds: other models that are asked after a failure, too. Where it is spent the failure is the answer.',
  {
    ratio: share(0.2, 'Retries for each request.'),
    min_per_second: Type.Number({
      minimum: 0,
      default: 10,
      description: 'Retries a second beside those, for a gateway with few requests.',
    }),
  },
)

export const HedgeSchema = section(
  'Whether a second model is asked where the first is slower than it nearly always is. The first to come with content answers; the other is cancelled, and paid for.',
  {
    enabled: Type.Boolean({
      default: false,
      description: "For streams: after the P95 of the first model's time to its first token.",
    }),
    whole_answers: Type.Boolean({
      default: false,
      description: "For answers that are not streamed, too: after the P95 of the first model's latency.",
    }),
    after_at_least: duration('500ms', 'Time that the first model has in any case.'),
    min_answers: count(50, 'Answers of a model after which its P95 is believed.'),
    max_share: share(0.05, 'Share of the requests that may be hedged, over ten minutes.'),
  },
)

export const SameModelSchema = section(
  'Whether a model is asked a second time where it failed, no other is left, and the failure may pass: a lost connection, a 5xx, a 429.',
  {
    max_wait: durationOrZero(
      '0s',
      'Longest wait before that, but for the backoff; what asks for a longer one by Retry-After is not asked again. 0s: nobody is.',
    ),
    backoff: duration(
      '200ms',
      'What is drawn between nothing and this is waited for, after the time that Retry-After asks for.',
    ),
  },
)
