/** Step 2: from the request to a ranked list of models. In memory, and pure but for what a prompt's embedding may be asked for. */
import { AtpError } from '@atp/core/errors'
import { microUsd, milliseconds } from '@atp/core/units'
import type { ChatBody } from '@atp/domain/adapter'
import {
  AUTO,
  type Candidate,
  type Constraints,
  isContextual,
  type Plan,
  type Preset,
  type Router,
  type RoutingRequest,
  type RoutingStrategy,
  type Weights,
} from '@atp/domain/routing'
import type { Exchange } from './exchange.ts'
import { measurePrompt, requiredCapabilities } from './prompt-measure.ts'
import type { PromptReader } from './prompt-reader.ts'
import type { RoutingOptions } from './routing-options.ts'

export interface PlanDefaults {
  readonly strategy: RoutingStrategy
  /** Decides too and is not followed; null where none does. */
  readonly shadow: RoutingStrategy | null
  readonly preference: Preset
  /** Of a routed request that names none; by its preset. */
  readonly qualityFloors: Readonly<Record<Preset, number>>
}

export class Planner {
  readonly #router: Router
  readonly #defaults: PlanDefaults
  readonly #countTokens: (body: ChatBody) => number
  readonly #reader: Pick<PromptReader, 'read'>

  constructor(
    router: Router,
    defaults: PlanDefaults,
    countTokens: (body: ChatBody) => number,
    reader: Pick<PromptReader, 'read'>,
  ) {
    this.#router = router
    this.#defaults = defaults
    this.#countTokens = countTokens
    this.#reader = reader
  }

  /** Waits only where a contextual strategy is asked for, and a model embeds prompts. */
  async request(exchange: Exchange): Promise<RoutingRequest> {
    const { body, options } = exchange
    const { preference, allowedModels } = exchange.caller.tenant
    const wanted = options.quality ?? preference ?? this.#defaults.preference
    const measure = measurePrompt(body)
    const strategy = options.strategy ?? this.#defaults.strategy
    const { shadow } = this.#defaults
    const looks = isContextual(strategy) || (shadow !== null && isContextual(shadow))
    const read = looks ? await this.#reader.read(body, exchange.signal) : null
    const featuresFor = (rule: RoutingStrategy) => (isContextual(rule) ? read : null)
    let tokens: number | undefined
    const maxOutputTokens = body.max_completion_tokens ?? body.max_tokens
    return {
      tenant: exchange.tenant,
      task: options.task ?? null,
      model: body.model,
      preference: wanted,
      strategy,
      constraints: constraintsOf(options, this.#floor(body.model, wanted, options)),
      ...(allowedModels === null ? {} : { permitted: allowedModels }),
      required: requiredCapabilities(body, measure.inputs),
      inputBytes: measure.bytes,
      features: featuresFor(strategy),
      shadow: shadow === null ? null : { strategy: shadow, features: featuresFor(shadow) },
      // Asked for each arm, and dear: counted once.
      countInputTokens: () => {
        tokens ??= this.#countTokens(body)
        return tokens
      },
      choices: body.n ?? 1,
      ...(maxOutputTokens == null ? {} : { maxOutputTokens }),
      seed: options.decision_seed ?? exchange.id,
    }
  }

  /** Who names a model, or weights, gets what was asked for. */
  #floor(model: string, wanted: Preset | Weights, { min_quality }: RoutingOptions): number {
    if (min_quality !== undefined) return min_quality
    return model === AUTO && typeof wanted === 'string' ? this.#defaults.qualityFloors[wanted] : 0
  }

  plan(request: RoutingRequest): Plan {
    return this.#router.plan(request)
  }
}

/** @throws {AtpError} naming what excluded each: `upstream_at_capacity` and `upstream_unavailable` where waiting may help, `no_candidate` otherwise */
export function requireCandidate(plan: Plan): void {
  if (plan.candidates[0]?.excluded === null) return
  const excluded = plan.candidates.map(({ arm, excluded }) => ({ arm, excluded }))
  const detail =
    excluded.length === 0
      ? 'no adapter is configured: add one under `adapters`'
      : excluded
          .map(({ arm, excluded }) => `${arm}: ${excluded?.map(({ detail }) => detail).join('; ')}`)
          .join(' | ')
  const context = { candidates: excluded }
  if (excluded.some(isBusy)) {
    throw new AtpError('upstream_at_capacity', { detail, context, retryAfterMs: BUSY_MS })
  }
  throw new AtpError(excluded.some(isOut) ? 'upstream_unavailable' : 'no_candidate', { detail, context })
}

/** Milliseconds: some call may have ended by then. */
const BUSY_MS = 1_000

/** The request is fine, the model fits, only its adapter has enough to do. */
function isBusy({ excluded }: Pick<Candidate, 'excluded'>): boolean {
  return excluded?.every(({ reason }) => reason === 'at_capacity') ?? false
}

/** The request is fine, the model fits, only it is out of service. */
function isOut({ excluded }: Pick<Candidate, 'excluded'>): boolean {
  return (
    excluded?.every(({ reason }) => reason === 'circuit_open' || reason === 'model_circuit_open') ?? false
  )
}

const UNCONSTRAINED: Constraints = {}

export function constraintsOf(options: RoutingOptions, minQuality: number): Constraints {
  const { max_cost_usd, latency_slo_ms, allow, deny } = options
  if (
    max_cost_usd === undefined &&
    latency_slo_ms === undefined &&
    allow === undefined &&
    deny === undefined &&
    minQuality === 0
  ) {
    return UNCONSTRAINED
  }
  return {
    ...(max_cost_usd === undefined ? {} : { maxCost: microUsd(Math.floor(max_cost_usd * 1_000_000)) }),
    ...(latency_slo_ms === undefined ? {} : { latencySlo: milliseconds(latency_slo_ms) }),
    ...(minQuality === 0 ? {} : { minQuality }),
    ...(allow === undefined ? {} : { allow }),
    ...(deny === undefined ? {} : { deny }),
  }
}
