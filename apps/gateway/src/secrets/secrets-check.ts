/** Readiness: secrets that cannot be read any more serve on, and somebody should look. */
import type { SecretStore } from '@atp/infrastructure/secrets'
import type { CheckResult } from '../http/readiness.ts'

/** Everybody may ask: the paths are for the log and for `atp secrets doctor`. */
export function secretsCheck(store: SecretStore): CheckResult {
  const failing = store.status().filter(({ failure }) => failure !== null)
  if (failing.length === 0) return { status: 'ok', detail: null }
  const each = failing.map(({ field, failure }) => `${field} (${failure?.reason})`).join(', ')
  return { status: 'degraded', detail: `secrets cannot be read and are used on as they were: ${each}` }
}
