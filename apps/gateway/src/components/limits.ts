/** The tenants' limits. Reservations of answers that a stop cut off are settled before the limits go. */
import type { AppContainer } from '@atp/core/container'
import type { Component } from '@atp/core/lifecycle'
import { runInBackground } from '@atp/core/shutdown'
import { isReady } from '@atp/infrastructure/redis'
import type { LateSettlements } from '../limits/late-settlements.ts'
import { limitsCheck } from '../limits/limits-check.ts'
import { OutageWatch } from '../limits/outage-watch.ts'
import * as T from '../tokens.ts'
import { REDIS_PATIENCE_MS } from './redis.ts'

/** A stop waits so long for the settlements of answers that it cut off. */
const SETTLEMENT_PATIENCE_MS = 500

export function limits({ resolve }: AppContainer): Component {
  const redis = resolve(T.LIMITS_REDIS)
  const failover = resolve(T.FAILOVER)
  const replicas = resolve(T.REPLICA_COUNT)
  const peers = resolve(T.PEERS)
  const calls = resolve(T.CALL_BOOK)
  const aging = resolve(T.AGING)
  const eviction = resolve(T.EVICTION)
  const heartbeat = resolve(T.HEARTBEAT)
  const late = resolve(T.LATE_SETTLEMENTS)
  const watch = failover === null ? null : new OutageWatch(failover)
  if (failover !== null && redis !== null && eviction !== null) {
    resolve(T.READINESS).register('limits', () => limitsCheck(failover, redis, eviction))
  }
  return {
    name: 'limits',
    needs: ['redis', 'learned state'],
    start: async () => {
      // The same server: where it did not answer before, nobody waits for it again.
      if (redis !== null && resolve(T.REDIS)?.status === 'ready') await isReady(redis, REDIS_PATIENCE_MS)
      // Who says that it lives is asked.
      await peers?.start()
      await replicas?.start()
      calls.start()
      heartbeat.start()
      aging.start()
      watch?.start()
      if (late !== null) settleLate(late, resolve)
    },
    stop: async patienceMs => {
      const settlements = Math.min(SETTLEMENT_PATIENCE_MS, patienceMs / 3)
      aging.stop()
      await heartbeat.stop(settlements)
      await watch?.stop(settlements)
      await calls.stop()
      replicas?.stop()
      peers?.stop()
      redis?.disconnect()
    },
  }
}

/** Nothing waits for it. */
function settleLate(late: LateSettlements, resolve: AppContainer['resolve']): void {
  const log = resolve(T.LOG)
  const { appliedSequence } = resolve(T.OBSERVATIONS)
  runInBackground(resolve(T.BACKGROUND_TASKS), 'settlements of the process before', signal =>
    late.settle(appliedSequence, signal),
  ).then(
    settled => {
      if (settled > 0) log.info({ settled }, 'reservations of the process before were settled')
    },
    error => log.warn({ err: error }, 'reservations of the process before were not settled'),
  )
}
