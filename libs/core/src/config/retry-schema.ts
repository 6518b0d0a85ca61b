/** How often a request may be sent to an upstream once more. */
import { Type } from 'typebox'
import { duration, durationOrZero, section } from './schema-parts.ts'

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

export const SameModelSchema = section(
  'Whether a model is asked a second time where it failed, no other is left, and the failure may pass: a lost connection, a 5xx, a 429.',
  {
    max_wait: durationOrZero(
      '0s',
      'Longest wait before that; what asks for a longer one by Retry-After is not asked again. 0s: nobody is.',
    ),
    backoff: duration(
      '200ms',
      'The wait is drawn between nothing and this, and what Retry-After asks for comes on top.',
    ),
  },
)
