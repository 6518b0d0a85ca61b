/** Who is asked next. What breaks is rarely one model alone: those of an adapter that has failed come last, or not at all. */
import type { AdapterRegistry } from '@atp/domain/adapter'
import type { Arm, Candidate } from '@atp/domain/routing'
import { type FailedAttempt, type Next, nextAfter } from './upstream-failure.ts'

/** @returns the best one left; null where nobody is */
export function nextCandidate(
  registry: Pick<AdapterRegistry, 'arm'>,
  candidates: readonly Candidate[],
  tried: readonly Candidate[],
  failed: readonly FailedAttempt[],
): Candidate | null {
  const avoided = failed.length === 0 ? NOBODY : failed.map(({ arm }) => arm)
  return otherCandidate(registry, candidates, tried, avoided, nextAfter(failed))
}

/** @param avoided the models whose adapters come last */
export function otherCandidate(
  registry: Pick<AdapterRegistry, 'arm'>,
  candidates: readonly Candidate[],
  tried: readonly Candidate[],
  avoided: readonly Arm[],
  allowed: Next,
): Candidate | null {
  if (allowed === 'nobody') return null
  let last: Candidate | null = null
  for (const candidate of candidates) {
    if (candidate.excluded !== null) break
    if (tried.includes(candidate)) continue
    if (avoided.length === 0) return candidate
    const adapterId = registry.arm(candidate.arm)?.adapterId
    // Gone since it was planned with.
    if (adapterId === undefined) continue
    if (avoided.every(arm => arm.adapterId !== adapterId)) return candidate
    last ??= candidate
  }
  return allowed === 'anyone' ? last : null
}

const NOBODY: readonly Arm[] = []
