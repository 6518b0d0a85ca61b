/**
 * The composition root: the only file that knows both a port and its implementation. Factories run when first asked for;
 * a test builds the same container and appends overrides.
 */
import { systemClock } from '@atp/core/clock'
import { type Environment, type LoadedConfig, parseDuration } from '@atp/core/config'
import { type AppContainer, type Binding, bind, bindValue, createContainer } from '@atp/core/container'
import { AtpError } from '@atp/core/errors'
import { createLogger, type Logger } from '@atp/core/logging'
import { SystemRandom } from '@atp/core/random'
import { OpenWork } from '@atp/core/shutdown'
import { systemTimers } from '@atp/core/timers'
import { AdapterRegistry, CircuitBreaker } from '@atp/domain/adapter'
import { FeedbackService, ObservationService, SnapshotWriter } from '@atp/domain/observation'
import { type Arm, Rails, Router, TenantPacers, Utility } from '@atp/domain/routing'
import { countEmbeddingTokens, countPromptTokens, countResponseTokens } from '@atp/infrastructure/providers'
import { connectRedis } from '@atp/infrastructure/redis'
import { RedisSums } from '@atp/infrastructure/replication'
import { createMetrics } from '@atp/infrastructure/telemetry'
import { loadNative } from '@atp/native'
import { adapterOf } from './adapters-of.ts'
import { breakerOptionsOf, concurrencyOf, TRIALS_BY } from './circuits-of.ts'
import { Corridor } from './corridor/corridor.ts'
import { EmbeddingRequests } from './corridor/embedding-request.ts'
import { Observer } from './corridor/observe.ts'
import { Planner } from './corridor/plan.ts'
import { PromptReader } from './corridor/prompt-reader.ts'
import { ResponseRequests } from './corridor/response-request.ts'
import { Settler } from './corridor/settle.ts'
import { executorOf } from './executor-of.ts'
import { groupPace } from './group-pace.ts'
import { guardrailsOf } from './guardrails/guardrails-of.ts'
import { HEALTH } from './health/bindings.ts'
import { ExchangeFactory } from './http/exchange-of.ts'
import { Scrape } from './http/scrape.ts'
import { AnswerJudging } from './judging/answer-judging.ts'
import { ModelJudge } from './judging/model-judge.ts'
import { learnedStateOf, NO_CONTEXTS } from './learned-state-of.ts'
import { LIMITS } from './limits/bindings.ts'
import { openStorage } from './open-storage.ts'
import { embedderOf, providerOf } from './providers-of.ts'
import { Replicas } from './replication/replicas.ts'
import { secretStoreOf, serverAddress } from './secrets/open-secrets.ts'
import { TENANCY } from './tenancy/bindings.ts'
import * as T from './tokens.ts'
import { VERSION } from './version.ts'

/**
 * Reads the secrets and opens the database, so that everything else can be wired without waiting.
 * @param env where the secrets are that the configuration takes from the environment
 * @throws {AtpError} `start_failed`
 */
export async function compose(
  { config }: LoadedConfig,
  overrides: readonly Binding[] = [],
  log: Logger = createLogger({ level: config.log.level }),
  env: Environment = process.env,
): Promise<AppContainer> {
  const clock = systemClock
  const random = new SystemRandom()
  const secrets = secretStoreOf(config, { env, clock, random, log })
  const database = await openStorage(config, secrets, { log, clock, random })
  return createContainer([
    bindValue(T.CONFIG, config),
    bindValue(T.LOG, log),
    bindValue(T.CLOCK, clock),
    bindValue(T.TIMERS, systemTimers),
    bindValue(T.RANDOM, random),
    bindValue(T.SECRETS, secrets),
    bindValue(T.DATABASE, database),
    ...BINDINGS,
    ...HEALTH,
    ...TENANCY,
    ...LIMITS,
    ...overrides,
  ])
}

const BINDINGS: readonly Binding[] = [
  bindValue(T.COUNT_PROMPT_TOKENS, countPromptTokens),
  bind(T.OPEN_WORK, () => new OpenWork()),
  bind(T.BACKGROUND_TASKS, () => new OpenWork()),
  bind(T.NATIVE, resolve => loadNative({ log: message => resolve(T.LOG).warn(message) })),
  bind(T.METRICS, resolve => {
    const metrics = createMetrics()
    metrics.build(VERSION, resolve(T.NATIVE).implementation === 'rust')
    return metrics
  }),
  bind(T.REGISTRY, resolve => {
    const config = resolve(T.CONFIG)
    const registry = new AdapterRegistry({
      native: resolve(T.NATIVE),
      clock: resolve(T.CLOCK),
      breaker: breakerOptionsOf(config),
      random: resolve(T.RANDOM),
      ...concurrencyOf(config),
      trials: TRIALS_BY[config.breaker.probe],
    })
    for (const adapter of config.adapters) {
      registry.register(
        adapterOf(
          adapter,
          providerOf(adapter, config.upstream, reference => resolve(T.SECRETS).get(reference)),
        ),
      )
    }
    return registry
  }),
  bind(T.REDIS, resolve => {
    const url = serverAddress(resolve(T.SECRETS), resolve(T.CONFIG).redis)
    return url === null ? null : connectRedis({ url, commandTimeoutMs: REDIS_TIMEOUT_MS })
  }),
  bind(T.LEARNED, resolve => learnedStateOf(resolve, resolve(T.DATABASE).contexts)),
  bind(T.BLANK_STATE, resolve => () => learnedStateOf(resolve, NO_CONTEXTS)),
  bind(T.SUMS, resolve => {
    const redis = resolve(T.REDIS)
    return redis === null ? null : new RedisSums(redis, resolve(T.CONFIG).redis.prefix)
  }),
  bind(T.REPLICAS, resolve => {
    const sums = resolve(T.SUMS)
    if (sums === null) return null
    const { exchange_interval } = resolve(T.CONFIG).redis
    const { observations, replica } = resolve(T.DATABASE)
    return new Replicas({
      sums,
      learned: resolve(T.LEARNED),
      blank: resolve(T.BLANK_STATE),
      progress: resolve(T.OBSERVATIONS),
      observations,
      replica,
      intervalMs: parseDuration(exchange_interval),
      clock: resolve(T.CLOCK),
      random: resolve(T.RANDOM),
      metrics: resolve(T.METRICS),
      log: resolve(T.LOG),
    })
  }),
  bind(T.PACERS, resolve => {
    const { budget_usd_per_request } = resolve(T.CONFIG).routing
    const replicas = resolve(T.REPLICA_COUNT)
    return new TenantPacers(budget_usd_per_request ?? null, () => replicas?.known ?? 1)
  }),
  bind(T.RAILS, resolve => new Rails(resolve(T.CONFIG).routing.exploration_cap)),
  bind(T.ROUTER, resolve => {
    const { routing } = resolve(T.CONFIG)
    const references = {
      costUsd: routing.cost_reference_usd,
      latencyMs: parseDuration(routing.latency_reference),
    }
    return new Router({
      registry: resolve(T.REGISTRY),
      learned: resolve(T.LEARNED),
      utility: new Utility(references, routing.presets),
      pacers: resolve(T.PACERS),
      rails: resolve(T.RAILS),
      native: resolve(T.NATIVE),
      clock: resolve(T.CLOCK),
      exploration: routing.exploration,
      prices: resolve(T.PRICES),
    })
  }),
  bind(
    T.OBSERVATIONS,
    resolve =>
      new ObservationService({
        journal: resolve(T.DATABASE).journal,
        gate: resolve(T.DATABASE),
        learner: resolve(T.LEARNED),
        queueLimit: resolve(T.CONFIG).observation.queue_limit,
        schedule: groupPace,
        warn: message => resolve(T.LOG).warn(message),
      }),
  ),
  bind(
    T.FEEDBACK,
    resolve =>
      new FeedbackService({
        observations: resolve(T.OBSERVATIONS),
        decisions: resolve(T.DATABASE).decisions,
        stored: resolve(T.DATABASE).observations,
        registry: resolve(T.REGISTRY),
        clock: resolve(T.CLOCK),
        random: resolve(T.RANDOM),
      }),
  ),
  bind(
    T.SNAPSHOTS,
    resolve =>
      new SnapshotWriter({
        snapshots: resolve(T.DATABASE).snapshots,
        observations: resolve(T.REPLICAS) ?? resolve(T.OBSERVATIONS),
        learner: resolve(T.REPLICAS) ?? resolve(T.LEARNED),
        contexts: resolve(T.LEARNED).contexts,
        clock: resolve(T.CLOCK),
      }),
  ),
  bind(T.SCRAPE, resolve => resolve(T.OWN_SCRAPE)),
  bind(
    T.OWN_SCRAPE,
    resolve =>
      new Scrape({
        metrics: resolve(T.METRICS),
        registry: resolve(T.REGISTRY),
        observations: resolve(T.OBSERVATIONS),
        learned: resolve(T.LEARNED),
        database: resolve(T.DATABASE),
        secrets: resolve(T.SECRETS),
      }),
  ),
  bind(T.EXCHANGES, resolve => new ExchangeFactory(resolve(T.CLOCK), resolve(T.RANDOM))),
  bind(T.JUDGING, resolve => {
    const { model, share, max_concurrent, timeout } = resolve(T.CONFIG).judge
    if (model === undefined) return null
    const registry = resolve(T.REGISTRY)
    const arm = registry.arm(model)
    if (arm === undefined) throw unknownJudge(model, registry.arms())
    return new AnswerJudging({
      judge: new ModelJudge(arm, registry, resolve(T.PRICES), resolve(T.CLOCK), resolve(T.RANDOM)),
      share,
      maxConcurrent: max_concurrent,
      timeoutMs: parseDuration(timeout),
      feedback: resolve(T.FEEDBACK),
      observations: resolve(T.OBSERVATIONS),
      tasks: resolve(T.BACKGROUND_TASKS),
      metrics: resolve(T.METRICS),
      native: resolve(T.NATIVE),
      log: resolve(T.LOG),
    })
  }),
  bind(T.EMBEDDER, resolve => embedderOf(resolve(T.CONFIG), reference => resolve(T.SECRETS).get(reference))),
  bind(T.READER, resolve => {
    const embedder = resolve(T.EMBEDDER)
    if (embedder === null) return new PromptReader(resolve(T.NATIVE), null)
    return new PromptReader(resolve(T.NATIVE), {
      embedder,
      breaker: new CircuitBreaker(breakerOptionsOf(resolve(T.CONFIG))),
      metrics: resolve(T.METRICS),
      clock: resolve(T.CLOCK),
    })
  }),
  bind(T.GUARDRAILS, resolve => guardrailsOf(resolve(T.CONFIG), resolve(T.METRICS))),
  bind(T.CORRIDOR, resolve => {
    const config = resolve(T.CONFIG)
    const clock = resolve(T.CLOCK)
    const settler = new Settler({
      clock,
      random: resolve(T.RANDOM),
      metrics: resolve(T.METRICS),
      pacers: resolve(T.PACERS),
      lengths: resolve(T.LENGTHS),
      signals: config.observation.signals,
    })
    return new Corridor({
      guardrails: resolve(T.GUARDRAILS),
      planner: new Planner(
        resolve(T.ROUTER),
        {
          strategy: config.routing.strategy,
          shadow: config.routing.shadow_strategy ?? null,
          preference: config.routing.quality,
          qualityFloors: config.routing.quality_floors,
        },
        resolve(T.COUNT_PROMPT_TOKENS),
        resolve(T.READER),
      ),
      embeddingRequests: new EmbeddingRequests({
        registry: resolve(T.REGISTRY),
        preference: config.routing.quality,
        countTokens: countEmbeddingTokens,
      }),
      responseRequests: new ResponseRequests({
        registry: resolve(T.REGISTRY),
        preference: config.routing.quality,
        countTokens: countResponseTokens,
      }),
      admitter: resolve(T.ADMITTER),
      executor: executorOf(resolve, settler),
      settler,
      rails: resolve(T.RAILS),
      observer: new Observer(resolve(T.OBSERVATIONS), resolve(T.CALL_BOOK)),
      feedback: resolve(T.FEEDBACK),
      judging: resolve(T.JUDGING),
      drains: config.streams.client_gone === 'drain-and-bill' ? resolve(T.BACKGROUND_TASKS) : null,
      metrics: resolve(T.METRICS),
      clock,
    })
  }),
]

/** Milliseconds: what is exchanged may be large, and nobody waits for it. */
const REDIS_TIMEOUT_MS = 1_000

function unknownJudge(model: string, arms: readonly Arm[]): AtpError {
  const allowed = arms.map(({ id }) => id).join(', ')
  return new AtpError('start_failed', {
    detail: 'the judge is no model of any adapter',
    problems: [{ field: 'judge.model', found: model, allowed }],
  })
}
