/** The routing options as headers, for clients whose library lets them set nothing else: `x-atp-quality: high`. */
import { PRESETS } from '@atp/domain/routing'
import { STRATEGIES } from '@atp/native'
import { type Static, Type } from 'typebox'
import type { RoutingOptions } from './routing-options.ts'

const Decimal = Type.String({ pattern: '^[0-9]{1,12}(\\.[0-9]{1,9})?$' })
const Names = Type.String({ minLength: 1, maxLength: 2000, description: 'Model names, separated by commas.' })

export const RoutingHeaders = Type.Object({
  'x-atp-quality': Type.Optional(Type.Enum([...PRESETS])),
  'x-atp-strategy': Type.Optional(Type.Enum([...STRATEGIES])),
  'x-atp-max-cost-usd': Type.Optional(Decimal),
  'x-atp-latency-slo-ms': Type.Optional(Decimal),
  'x-atp-allow': Type.Optional(Names),
  'x-atp-deny': Type.Optional(Names),
  'x-atp-decision-seed': Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
})
export type RoutingHeaders = Static<typeof RoutingHeaders>

const NOTHING: RoutingOptions = {}

/** The body's `atp` object wins over a header. */
export function routingOptionsOf(headers: RoutingHeaders, body: RoutingOptions = NOTHING): RoutingOptions {
  let merged = body
  for (const name in OPTION_OF) {
    const text = headers[name as keyof RoutingHeaders]
    if (text !== undefined) merged = { ...OPTION_OF[name as keyof RoutingHeaders](text), ...merged }
  }
  return merged
}

const OPTION_OF: Readonly<Record<keyof RoutingHeaders, (text: string) => RoutingOptions>> = {
  'x-atp-quality': text => ({ quality: text as (typeof PRESETS)[number] }),
  'x-atp-strategy': text => ({ strategy: text as (typeof STRATEGIES)[number] }),
  'x-atp-max-cost-usd': text => ({ max_cost_usd: Number(text) }),
  'x-atp-latency-slo-ms': text => ({ latency_slo_ms: Number(text) }),
  'x-atp-allow': text => ({ allow: list(text) }),
  'x-atp-deny': text => ({ deny: list(text) }),
  'x-atp-decision-seed': text => ({ decision_seed: text }),
}

function list(text: string): string[] {
  return text.split(',').map(name => name.trim())
}
