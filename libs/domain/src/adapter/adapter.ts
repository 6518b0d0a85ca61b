/** An adapter is an upstream account: the models it serves as arms, and the way to call them. */
import { AtpError, type FieldProblem } from '@atp/core/errors'
import type { AdapterId } from '@atp/core/ids'
import type { Arm } from '../routing/arm.ts'
import type { Provider } from './provider.ts'

export interface Adapter {
  /** Without a slash: an arm's id is `adapter/model`. */
  readonly id: AdapterId
  /** What speaks to the upstream, such as `openai-compatible`. */
  readonly kind: string
  /** At least one. */
  readonly arms: readonly Arm[]
  readonly provider: Provider
}

/** @throws {AtpError} `invalid_argument` naming every figure that routing could not work with */
export function validateAdapter(adapter: Adapter): void {
  const problems: FieldProblem[] = []
  const require = (holds: boolean, field: string, found: unknown, allowed: string): void => {
    if (!holds) problems.push({ field, found: String(found), allowed })
  }
  require(/^[^/\s]+$/.test(adapter.id), 'id', adapter.id, 'a name without slashes or spaces')
  require(adapter.kind !== '', 'kind', adapter.kind, 'a name')
  require(adapter.arms.length > 0, 'arms', 'none', 'at least one')
  const seen = new Set<string>()
  for (const [index, arm] of adapter.arms.entries()) {
    const at = `arms[${index}]`
    require(arm.adapterId === adapter.id, `${at}.adapterId`, arm.adapterId, adapter.id)
    require(arm.model !== '', `${at}.model`, arm.model, 'a name')
    require(arm.id === `${adapter.id}/${arm.model}`, `${at}.id`, arm.id, `${adapter.id}/${arm.model}`)
    require(!seen.has(arm.id), `${at}.id`, arm.id, 'each arm once')
    seen.add(arm.id)
    require(arm.upstreamModel !== '', `${at}.upstreamModel`, arm.upstreamModel, 'a name')
    const embeds = arm.capabilities.has('embeddings')
    const responds = arm.capabilities.has('responses')
    require(!embeds ||
      adapter.provider.embed !==
        undefined, `${at}.capabilities`, 'embeddings', `what the kind ${adapter.kind} can do: it has no embedding models`)
    require(!responds ||
      adapter.provider.responses !==
        undefined, `${at}.capabilities`, 'responses', `what the kind ${adapter.kind} can do: it does not speak them`)
    for (const [field, value] of nonNegative(arm)) {
      require(Number.isFinite(value) && value >= 0, `${at}.${field}`, value, 'a number of 0 or more')
    }
    for (const [field, value] of positive(arm)) {
      require(Number.isFinite(value) && value > 0, `${at}.${field}`, value, 'a number above 0')
    }
    const { mean } = arm.qualityPrior
    require(mean > 0 &&
      mean < 1, `${at}.qualityPrior.mean`, mean, 'a number between 0 and 1, neither included')
  }
  if (problems.length > 0) {
    throw new AtpError('invalid_argument', { detail: `the adapter '${adapter.id}' is not valid`, problems })
  }
}

function nonNegative(arm: Arm): readonly [field: string, value: number][] {
  return [
    ['price.inputUsdPerMtok', arm.price.inputUsdPerMtok],
    ['price.outputUsdPerMtok', arm.price.outputUsdPerMtok],
  ]
}

function positive(arm: Arm): readonly [field: string, value: number][] {
  return [
    ['contextWindow', arm.contextWindow],
    ['maxOutputTokens', arm.maxOutputTokens],
    ['qualityPrior.strength', arm.qualityPrior.strength],
    ['expectedOutputTokens', arm.expectedOutputTokens],
    ['expectedLatencyMs', arm.expectedLatencyMs],
  ]
}
