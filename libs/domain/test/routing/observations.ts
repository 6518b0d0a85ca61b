/** One settled call, with what a test cares about. */
import { epochMs, milliseconds } from '@atp/core/units'
import type { Observation, Outcome } from '../../src/observation/index.ts'
import { DEFAULT_TENANT } from '../../src/tenant/index.ts'

export function observationOf(
  arm: string,
  figures: {
    readonly outcome?: Outcome
    readonly quality?: number
    readonly latency?: number
    readonly outputTokens?: number
    readonly at?: number
  } = {},
): Observation {
  return {
    id: 'observation' as Observation['id'],
    kind: 'attempt',
    at: epochMs(figures.at ?? 0),
    tenant: DEFAULT_TENANT,
    decisionId: null,
    arm: arm as Observation['arm'],
    outcome: figures.outcome ?? 'success',
    quality: figures.quality ?? null,
    latency: figures.latency === undefined ? null : milliseconds(figures.latency),
    timeToFirstToken: null,
    usage:
      figures.outputTokens === undefined
        ? null
        : { inputTokens: 0, outputTokens: figures.outputTokens, estimated: false },
    cost: null,
  }
}
