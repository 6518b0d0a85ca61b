/** The names under which the composition root binds what the gateway is made of. */

import type { Clock } from '@atp/core/clock'
import type { Config } from '@atp/core/config'
import { token } from '@atp/core/container'
import type { Logger } from '@atp/core/logging'
import type { Random } from '@atp/core/random'
import type { OpenWork } from '@atp/core/shutdown'
import type { Timers } from '@atp/core/timers'
import type { AdapterRegistry, ChatBody } from '@atp/domain/adapter'
import type { Guardrails } from '@atp/domain/guardrail'
import type { FailoverLimiter, Limiter } from '@atp/domain/limit'
import type { FeedbackService, ObservationService, SnapshotWriter } from '@atp/domain/observation'
import type { PriceAdministration, PriceList } from '@atp/domain/pricing'
import type { SharedSums } from '@atp/domain/replication'
import type {
  LearnedState,
  OutputLengths,
  PromptEmbedder,
  Rails,
  Router,
  TenantPacers,
} from '@atp/domain/routing'
import type { KeyAdministration, KeyUse, TenantAdministration, TenantDirectory } from '@atp/domain/tenant'
import type { Database } from '@atp/infrastructure/database'
import type { EvictionWatch, Redis, ReplicaCount } from '@atp/infrastructure/redis'
import type { SecretStore } from '@atp/infrastructure/secrets'
import type { Metrics } from '@atp/infrastructure/telemetry'
import type { NativeModule } from '@atp/native'
import type { Admitter } from './corridor/admit.ts'
import type { Authenticator } from './corridor/authenticate.ts'
import type { Corridor } from './corridor/corridor.ts'
import type { PromptReader } from './corridor/prompt-reader.ts'
import type { EventLoopWatch } from './health/event-loop-watch.ts'
import type { UpstreamTrials } from './health/upstream-trials.ts'
import type { ExchangeFactory } from './http/exchange-of.ts'
import type { Readiness } from './http/readiness.ts'
import type { Scrape, Scraped } from './http/scrape.ts'
import type { AnswerJudging } from './judging/answer-judging.ts'
import type { CallBook } from './limits/call-book.ts'
import type { Heartbeat } from './limits/heartbeat.ts'
import type { LateSettlements } from './limits/late-settlements.ts'
import type { LevelAging } from './limits/level-aging.ts'
import type { NewQuotas } from './limits/new-quotas.ts'
import type { Peers } from './limits/peers.ts'
import type { Replicas } from './replication/replicas.ts'
import type { StoreFollower } from './store-follower.ts'

export const CONFIG = token<Config>('config')
export const LOG = token<Logger>('log')
export const CLOCK = token<Clock>('clock')
export const TIMERS = token<Timers>('timers')
export const RANDOM = token<Random>('random')
export const SECRETS = token<SecretStore>('secrets')
export const NATIVE = token<NativeModule>('native')
/** Null where clients' requests find out which upstreams are back. */
export const TRIALS = token<UpstreamTrials | null>('upstream trials')
export const METRICS = token<Metrics>('metrics')
/** Tokens of a prompt, as far as they can be told before its provider says. */
export const COUNT_PROMPT_TOKENS = token<(body: ChatBody) => number>('count prompt tokens')
/** What clients wait for. */
export const OPEN_WORK = token<OpenWork>('open work')
/** What nobody waits for, but a stop. */
export const BACKGROUND_TASKS = token<OpenWork>('background tasks')
export const READINESS = token<Readiness>('readiness')
export const EVENT_LOOP = token<EventLoopWatch>('event loop watch')
export const DATABASE = token<Database>('database')
/** Null where there is none: this process is on its own. */
export const REDIS = token<Redis | null>('redis')
export const REGISTRY = token<AdapterRegistry>('adapter registry')
export const LEARNED = token<LearnedState>('learned state')
/** Makes a learned state that knows all arms, and nothing of them. */
export const BLANK_STATE = token<() => LearnedState>('blank state')
/** Null where nobody shares what is learned. */
export const SUMS = token<SharedSums | null>('shared sums')
export const REPLICAS = token<Replicas | null>('replicas')
export const PACERS = token<TenantPacers>('tenant pacers')
export const RAILS = token<Rails>('rails')
export const ROUTER = token<Router>('router')
export const OBSERVATIONS = token<ObservationService>('observation service')
export const FEEDBACK = token<FeedbackService>('feedback service')
export const SNAPSHOTS = token<SnapshotWriter>('snapshot writer')
/** Null where nobody judges. */
export const JUDGING = token<AnswerJudging | null>('answer judging')
/** Null where no model embeds prompts. */
export const EMBEDDER = token<PromptEmbedder | null>('prompt embedder')
export const READER = token<PromptReader>('prompt reader')
export const DIRECTORY = token<TenantDirectory>('tenant directory')
export const KEY_USE = token<KeyUse>('key use')
export const PRICES = token<PriceList>('price list')
export const PRICE_ADMINISTRATION = token<PriceAdministration>('price administration')
export const FOLLOWER = token<StoreFollower>('store follower')
export const AUTHENTICATOR = token<Authenticator>('authenticator')
export const TENANTS = token<TenantAdministration>('tenant administration')
export const KEYS = token<KeyAdministration>('key administration')
/** Of the limits alone; null where there is none. */
export const LIMITS_REDIS = token<Redis | null>('redis of the limits')
/** Of the limits' Redis; null where there is none. */
export const EVICTION = token<EvictionWatch | null>('eviction watch')
export const REPLICA_COUNT = token<ReplicaCount | null>('replica count')
/** Null where limits are in this process alone. */
export const FAILOVER = token<FailoverLimiter | null>('failover limiter')
export const LIMITER = token<Limiter>('limiter')
/** The calls that the record does not have yet. */
export const CALL_BOOK = token<CallBook>('call book')
/** Null where limits are in this process alone. */
export const PEERS = token<Peers | null>('peers')
export const AGING = token<LevelAging>('level aging')
export const HEARTBEAT = token<Heartbeat>('heartbeat')
/** Null where limits are in this process alone: they know nothing of the process before. */
export const LATE_SETTLEMENTS = token<LateSettlements | null>('late settlements')
export const LENGTHS = token<OutputLengths>('output lengths')
export const NEW_QUOTAS = token<NewQuotas>('new quotas')
export const GUARDRAILS = token<Guardrails>('guardrails')
export const ADMITTER = token<Admitter>('admitter')
export const CORRIDOR = token<Corridor>('corridor')
/** Of this process alone. */
export const OWN_SCRAPE = token<Scrape>('own scrape')
export const SCRAPE = token<Scraped>('scrape')
export const EXCHANGES = token<ExchangeFactory>('exchange factory')
