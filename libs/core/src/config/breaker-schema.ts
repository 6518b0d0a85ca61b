/** When an upstream, or one of its models, is left alone, and how it is found to be back. */
import { Type } from 'typebox'
import { count, duration, section } from './schema-parts.ts'

export const BreakerSchema = section(
  'When an adapter, or a model of it, that fails is left alone: each has a circuit of its own.',
  {
    failures: count(5, 'Failures in a row after which the circuit opens.'),
    failure_share: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1,
      default: 0.5,
      description:
        'Share of the calls within the window that may fail before the circuit opens, in a row or not.',
    }),
    window: duration('30s', 'Time that the share is of.'),
    min_calls: count(20, 'Calls within the window before its share says anything.'),
    cooldown: duration(
      '10s',
      'Time after which an open circuit lets a call through to try, a fifth more or less at random; each try that fails doubles it, up to 30 seconds or what it is here.',
    ),
    probe: Type.Enum(['traffic', 'models', 'one_token'], {
      default: 'traffic',
      description:
        "Who tries: a client's request; or the gateway, by GET /models, which costs nothing, says little, and only openai-compatible upstreams have, or by an answer of one token, which costs that.",
    }),
    probe_timeout: duration('10s', "Time that the gateway's own try may take."),
  },
)

export const ConcurrencySchema = section(
  'How many calls an adapter gets at once where it says that it has too much (429, 503, 529): half of what it had, then slowly more.',
  {
    adaptive: Type.Boolean({ default: true, description: 'Without it calls are never too many.' }),
    min: count(4, 'Calls that it always gets.'),
  },
)
