/** From an admitted candidate to a call of it that its adapter has let through. */
import type { Clock } from '@atp/core/clock'
import type { AdapterCall, AdapterRegistry, CallTerms } from '@atp/domain/adapter'
import type { Candidate } from '@atp/domain/routing'
import type { AnyWalk } from './exchange.ts'
import type { Reservation } from './reservation.ts'
import type { Attempt } from './settle.ts'

export interface OpenCall extends Attempt {
  readonly terms: CallTerms
}

/** @returns null where it is not to be made: its adapter lets nothing through, or the signal fired; what was reserved is given back then */
export function openCall(
  { registry, clock }: { readonly registry: Pick<AdapterRegistry, 'begin'>; readonly clock: Clock },
  walk: AnyWalk,
  candidate: Candidate,
  reservation: Reservation,
  signal: AbortSignal,
): OpenCall | null {
  const upstream = signal.aborted ? null : registry.begin(candidate.arm)
  if (upstream === null) {
    giveBack(walk, reservation)
    return null
  }
  return {
    upstream,
    reservation,
    price: candidate.price,
    startedAt: clock.monotonic(),
    terms: termsOf(candidate, reservation, upstream, signal),
  }
}

/** Nothing is sent, and nothing billed. */
function giveBack({ settling }: AnyWalk, reservation: Reservation): void {
  const settled = reservation.settle(null)
  if (settled !== null) settling.push(settled)
}

function termsOf(
  candidate: Candidate,
  reservation: Reservation,
  { arm: { upstreamModel } }: AdapterCall,
  signal: AbortSignal,
): CallTerms {
  const limit = candidate.outputLimit ?? reservation.outputLimit
  if (limit === null) return { upstreamModel, signal }
  return { upstreamModel, signal, maxOutputTokens: Math.min(limit, reservation.outputLimit ?? limit) }
}
