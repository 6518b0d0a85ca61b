/** Who is asked next. What breaks is rarely one model alone: those of an adapter that has failed come last, or not at all. */
import type { AdapterRegistry } from '@atp/domain/adapter'
import type { Candidate } from '@atp/domain/routing'
import { type FailedAttempt, nextAfter } from './upstream-failure.ts'

/** @returns the best one left; null where nobody is */
export function nextCandidate(
  registry: Pick<AdapterRegistry, 'arm'>,
  candidates: readonly Candidate[],
  tried: readonly Candidate[],
  failed: readonly FailedAttempt[],
): Candidate | null {
  const next = nextAfter(failed)
  if (next === 'nobody') return null
  let last: Candidate | null = null
  for (const candidate of candidates) {
    if (candidate.excluded !== null) break
    if (tried.includes(candidate)) continue
    if (failed.length === 0) return candidate
    const adapterId = registry.arm(candidate.arm)?.adapterId
    if (failed.every(({ arm }) => arm.adapterId !== adapterId)) return candidate
    last ??= candidate
  }
  return next === 'anyone' ? last : null
}
