/** The part of the composition that knows limits: in this process, or shared by all replicas where there is a Redis. */
import { type Config, parseDuration } from '@atp/core/config'
import { type Binding, bind, type Resolve } from '@atp/core/container'
import { newId, type TenantId } from '@atp/core/ids'
import { AWAY_DEFAULT, type AwayPolicy, FailoverLimiter, InProcessLimiter } from '@atp/domain/limit'
import { OutputLengths } from '@atp/domain/routing'
import { RedisLimiter } from '@atp/infrastructure/ratelimit'
import { Channel, connectRedis, EvictionWatch, ReplicaCount } from '@atp/infrastructure/redis'
import { Admitter } from '../corridor/admit.ts'
import { serverAddress } from '../secrets/open-secrets.ts'
import * as T from '../tokens.ts'
import { CallBook } from './call-book.ts'
import { Denials } from './denials.ts'
import { Heartbeat } from './heartbeat.ts'
import { LateSettlements } from './late-settlements.ts'
import { LevelAging } from './level-aging.ts'
import { NewQuotas } from './new-quotas.ts'
import { Peers } from './peers.ts'
import { RecordProgress } from './record-progress.ts'
import { SpendHistory } from './spend-history.ts'

export const LIMITS: readonly Binding[] = [
  bind(T.LIMITS_REDIS, resolve => {
    const url = serverAddress(resolve(T.SECRETS), resolve(T.CONFIG).redis)
    // A connection of its own: what is exchanged of learning must not stand in a decision's way.
    // The limiter gives up by itself, sooner.
    return url === null ? null : connectRedis({ url, commandTimeoutMs: 10 * timeoutMs(resolve(T.CONFIG)) })
  }),
  bind(T.EVICTION, resolve => {
    const redis = resolve(T.LIMITS_REDIS)
    if (redis === null) return null
    return new EvictionWatch(redis, policy => {
      const message = 'Redis may evict what is counted: the limits need maxmemory-policy noeviction'
      resolve(T.LOG).warn({ policy }, message)
    })
  }),
  bind(T.REPLICA_COUNT, resolve => {
    const redis = resolve(T.REDIS)
    if (redis === null) return null
    const { redis: shared, limits } = resolve(T.CONFIG)
    const { replica } = resolve(T.DATABASE)
    const clock = resolve(T.CLOCK)
    return new ReplicaCount(redis, shared.prefix, replica, () => clock.monotonic(), limits.replicas)
  }),
  bind(T.FAILOVER, resolve => {
    const redis = resolve(T.LIMITS_REDIS)
    if (redis === null) return null
    const config = resolve(T.CONFIG)
    const clock = resolve(T.CLOCK)
    const random = resolve(T.RANDOM)
    return new FailoverLimiter({
      shared: new RedisLimiter({
        redis,
        prefix: config.redis.prefix,
        nowUs: nowUs(resolve),
        timeoutMs: timeoutMs(config),
        newEpoch: () => random.uint32() + 1,
      }),
      local: new InProcessLimiter({ nowUs: nowUs(resolve), native: resolve(T.NATIVE), guarded: false }),
      policyOf: tenant => awayPolicyOf(resolve, tenant),
      replicas: () => resolve(T.REPLICA_COUNT)?.known ?? resolve(T.CONFIG).limits.replicas,
      now: () => clock.monotonic(),
      newId: () => newId(clock, random),
    })
  }),
  bind(
    T.LIMITER,
    resolve =>
      resolve(T.FAILOVER) ?? new InProcessLimiter({ nowUs: nowUs(resolve), native: resolve(T.NATIVE) }),
  ),
  bind(T.CALL_BOOK, resolve => {
    const clock = resolve(T.CLOCK)
    return new CallBook({
      limiter: resolve(T.LIMITER),
      failover: resolve(T.FAILOVER),
      record: new RecordProgress(resolve(T.DATABASE), clock),
      now: () => clock.monotonic(),
    })
  }),
  bind(T.PEERS, resolve => {
    const [redis, replicas] = [resolve(T.REDIS), resolve(T.REPLICA_COUNT)]
    if (redis === null || replicas === null) return null
    const { redis: shared, limits } = resolve(T.CONFIG)
    const [clock, random, calls] = [resolve(T.CLOCK), resolve(T.RANDOM), resolve(T.CALL_BOOK)]
    return new Peers({
      channel: new Channel(redis, `${shared.prefix}:peers`),
      replicas,
      self: resolve(T.DATABASE).replica,
      floor: limits.replicas,
      declare: tenant => calls.declare(tenant),
      newId: () => newId(clock, random),
      now: () => clock.monotonic(),
      warn: message => resolve(T.LOG).warn(message),
    })
  }),
  bind(T.HEARTBEAT, resolve => {
    const clock = resolve(T.CLOCK)
    return new Heartbeat({
      limiter: resolve(T.LIMITER),
      leaseMs: leaseMs(resolve(T.CONFIG)),
      now: () => clock.monotonic(),
    })
  }),
  bind(T.AGING, resolve => {
    const directory = resolve(T.DIRECTORY)
    return new LevelAging({ limiter: resolve(T.LIMITER), tenants: () => directory.tenants })
  }),
  bind(T.LATE_SETTLEMENTS, resolve => {
    const limiter = resolve(T.FAILOVER)
    if (limiter === null) return null
    const { observations } = resolve(T.DATABASE)
    return new LateSettlements({ limiter, observations, leaseMs: leaseMs(resolve(T.CONFIG)) })
  }),
  bind(T.LENGTHS, resolve => {
    const { half_life } = resolve(T.CONFIG).routing
    return new OutputLengths(
      resolve(T.NATIVE),
      half_life === 'never' ? Number.POSITIVE_INFINITY : parseDuration(half_life),
    )
  }),
  bind(T.NEW_QUOTAS, resolve => new NewQuotas(resolve(T.LIMITER))),
  bind(T.ADMITTER, resolve => {
    const limiter = resolve(T.LIMITER)
    const database = resolve(T.DATABASE)
    const registry = resolve(T.REGISTRY)
    const directory = resolve(T.DIRECTORY)
    const { enabled } = resolve(T.CONFIG).auth
    // Where nobody is asked for a key, all are the tenant that is built in.
    const tenant = (id: TenantId) => (enabled ? directory.tenant(id) : undefined)
    const clock = resolve(T.CLOCK)
    return new Admitter({
      limiter,
      history: new SpendHistory({
        limiter,
        usage: query => database.tenants.usage(query),
        calls: resolve(T.CALL_BOOK),
        peers: resolve(T.PEERS),
        tenant,
        arm: id => registry.arm(id),
        clock,
      }),
      quotas: resolve(T.NEW_QUOTAS),
      tenant,
      calls: resolve(T.CALL_BOOK),
      heartbeat: resolve(T.HEARTBEAT),
      denials: new Denials(),
      lengths: resolve(T.LENGTHS),
      pacers: resolve(T.PACERS),
      clock,
      random: resolve(T.RANDOM),
      leaseMs: leaseMs(resolve(T.CONFIG)),
      metrics: resolve(T.METRICS),
      warn: (err, message) => resolve(T.LOG).warn({ err }, message),
    })
  }),
]

function timeoutMs({ limits }: Config): number {
  return parseDuration(limits.timeout)
}

function leaseMs({ limits }: Config): number {
  return parseDuration(limits.lease)
}

function nowUs(resolve: Resolve): () => number {
  const clock = resolve(T.CLOCK)
  return () => clock.now() * 1_000
}

/** One limit on rates that must not be told locally holds for all of the tenant's rates. */
function awayPolicyOf(resolve: Resolve, tenant: string): AwayPolicy {
  const policy = resolve(T.DIRECTORY).tenant(tenant as TenantId)?.failurePolicy
  if (policy === undefined) return AWAY_DEFAULT
  const { requests, tokens, concurrent, cost_usd: money } = policy
  return { rates: [requests, tokens, concurrent].includes('closed') ? 'closed' : 'local', money }
}
