/** The part of the composition that is different in one of several workers: what they share without Redis is in the primary. */
import { type Config, parseDuration } from '@atp/core/config'
import { type Binding, bind, bindValue } from '@atp/core/container'
import { AtpError } from '@atp/core/errors'
import { TenantPacers } from '@atp/domain/routing'
import { LateSettlements } from '../limits/late-settlements.ts'
import * as T from '../tokens.ts'
import type { PrimaryCalls } from './messages.ts'
import { PrimaryScrape } from './primary-scrape.ts'
import { remotePorts } from './shared-ports.ts'
import type { Wire } from './wire.ts'

/** A primary that takes longer to decide hangs. */
const PATIENCE_MS = 5_000

export function workerBindings(wire: Wire<PrimaryCalls>, config: Config): readonly Binding[] {
  const scrape = bindValue(T.SCRAPE, new PrimaryScrape(wire))
  return config.redis.url === null ? [scrape, ...sharedByPrimary(wire)] : [scrape]
}

/** What the port itself throws stays as it is. */
function unanswered(cause: Error): never {
  if (cause instanceof AtpError) throw cause
  throw new AtpError('limits_unavailable', {
    detail: 'the process that holds the limits does not answer',
    cause,
  })
}

function sharedByPrimary(wire: Wire<PrimaryCalls>): readonly Binding[] {
  const { limiter, sums } = remotePorts(call => wire.ask('port', call, PATIENCE_MS).catch(unanswered))
  return [
    bindValue(T.LIMITER, limiter),
    bindValue(T.SUMS, sums),
    // The limits outlive a worker, whose successor tells them what it had come to.
    bind(T.LATE_SETTLEMENTS, resolve => {
      const { observations } = resolve(T.DATABASE)
      const leaseMs = parseDuration(resolve(T.CONFIG).limits.lease)
      return new LateSettlements({ limiter, observations, leaseMs })
    }),
    bind(T.PACERS, resolve => {
      const { routing, limits } = resolve(T.CONFIG)
      return new TenantPacers(routing.budget_usd_per_request ?? null, () => limits.replicas)
    }),
  ]
}
