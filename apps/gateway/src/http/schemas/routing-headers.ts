/** The routing options as headers, for clients whose library lets them set nothing else: `x-atp-quality: high`. */
import { AtpError } from '@atp/core/errors'
import { PRESETS, ROUTING_STRATEGIES } from '@atp/domain/routing'
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import { RoutingOptions } from './routing-options.ts'

const Decimal = Type.String({ pattern: '^[0-9]{1,12}(\\.[0-9]{1,9})?$' })
const Names = Type.String({ minLength: 1, maxLength: 2000, description: 'Model names, separated by commas.' })

export const RoutingHeaders = Type.Object({
  'x-atp-quality': Type.Optional(Type.Enum([...PRESETS])),
  'x-atp-strategy': Type.Optional(Type.Enum([...ROUTING_STRATEGIES])),
  'x-atp-max-cost-usd': Type.Optional(Decimal),
  'x-atp-latency-slo-ms': Type.Optional(Decimal),
  'x-atp-min-quality': Type.Optional(Decimal),
  'x-atp-allow': Type.Optional(Names),
  'x-atp-deny': Type.Optional(Names),
  'x-atp-task': Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  'x-atp-decision-seed': Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
})
export type RoutingHeaders = Static<typeof RoutingHeaders>

const NOTHING: RoutingOptions = {}

/**
 * The body's `atp` object wins over a header.
 * @throws {AtpError} `invalid_request` naming a header whose value the body could not have either
 */
export function routingOptionsOf(headers: RoutingHeaders, body: RoutingOptions = NOTHING): RoutingOptions {
  let merged = body
  for (const name in OPTION_OF) {
    const header = name as keyof RoutingHeaders
    const text = headers[header]
    if (text === undefined) continue
    const option = OPTION_OF[header](text)
    if (!Value.Check(RoutingOptions, option)) throw illegal(header, text)
    merged = { ...option, ...merged }
  }
  return merged
}

const OPTION_OF: Readonly<Record<keyof RoutingHeaders, (text: string) => RoutingOptions>> = {
  'x-atp-quality': text => ({ quality: text as (typeof PRESETS)[number] }),
  'x-atp-strategy': text => ({ strategy: text as (typeof ROUTING_STRATEGIES)[number] }),
  'x-atp-max-cost-usd': text => ({ max_cost_usd: Number(text) }),
  'x-atp-latency-slo-ms': text => ({ latency_slo_ms: Number(text) }),
  'x-atp-min-quality': text => ({ min_quality: Number(text) }),
  'x-atp-allow': text => ({ allow: list(text) }),
  'x-atp-deny': text => ({ deny: list(text) }),
  'x-atp-task': text => ({ task: text }),
  'x-atp-decision-seed': text => ({ decision_seed: text }),
}

const ALLOWED: Partial<Record<keyof RoutingHeaders, string>> = {
  'x-atp-max-cost-usd': 'a number from 0 to 1000000',
  'x-atp-latency-slo-ms': 'a number above 0',
  'x-atp-min-quality': 'a number from 0 to 1',
  'x-atp-allow': '1 to 200 names of 1 to 200 characters each',
  'x-atp-deny': '1 to 200 names of 1 to 200 characters each',
  'x-atp-task': '1 to 64 letters, digits or any of . _ : / -',
  'x-atp-decision-seed': '1 to 200 printable characters',
}

function illegal(header: keyof RoutingHeaders, text: string): AtpError {
  return new AtpError('invalid_request', {
    detail: 'the headers are not valid',
    problems: [{ field: header, found: JSON.stringify(text), allowed: ALLOWED[header] ?? 'another value' }],
  })
}

function list(text: string): string[] {
  return text.split(',').map(name => name.trim())
}
