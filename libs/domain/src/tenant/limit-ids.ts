/**
 * A limit's id is the name under which it is counted. Whoever gives none gets one that says what it counts, not where it stands in
 * the list: what was counted goes on counting when others are added or taken away.
 */
import type { LimitDefinition } from './limit-definition.ts'

/** Each limit with its id. */
export function withIds(limits: readonly LimitDefinition[]): readonly LimitDefinition[] {
  return limits.map(limit => (limit.id === undefined ? { id: derivedId(limit), ...limit } : limit))
}

/** Such as `tenant-requests-1m`, or `gpt-5-cost_usd-day` where it holds for one model. */
export function derivedId({ scope, key, model, counts, per }: LimitDefinition): string {
  return `${key ?? model ?? scope}-${counts}-${per ?? 'now'}`
}
