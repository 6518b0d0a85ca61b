/** From the configured adapters to the registry's: ids, prices, and the provider that calls each. */
import { type AdapterConfig, parseDuration } from '@atp/core/config'
import type { AdapterId, ArmId } from '@atp/core/ids'
import type { Adapter, Provider } from '@atp/domain/adapter'
import type { Arm, Capability } from '@atp/domain/routing'

export function adapterOf(config: AdapterConfig, provider: Provider): Adapter {
  return {
    id: config.id as AdapterId,
    kind: config.kind,
    arms: config.models.map(model => armOf(config, model)),
    provider,
  }
}

function armOf(adapter: AdapterConfig, model: AdapterConfig['models'][number]): Arm {
  return {
    id: `${adapter.id}/${model.name}` as ArmId,
    adapterId: adapter.id as AdapterId,
    model: model.name,
    upstreamModel: model.upstream_model ?? model.name,
    price: { inputUsdPerMtok: model.input_usd_per_mtok, outputUsdPerMtok: model.output_usd_per_mtok },
    contextWindow: model.context_window,
    maxOutputTokens: model.max_output_tokens,
    capabilities: capabilitiesOf(adapter, model),
    qualityPrior: model.quality_prior,
    ...(model.canary_share === undefined ? {} : { canaryShare: model.canary_share }),
    expectedOutputTokens: model.expected_output_tokens,
    expectedLatencyMs: parseDuration(model.expected_latency),
  }
}

function capabilitiesOf(
  { responses }: AdapterConfig,
  { capabilities }: AdapterConfig['models'][number],
): ReadonlySet<Capability> {
  const all = new Set<Capability>(capabilities)
  if (responses && !all.has('embeddings')) all.add('responses')
  return all
}
