/** Readiness: secrets that cannot be read any more serve on, and somebody should look. */
import type { SecretStore } from '@atp/infrastructure/secrets'
import type { CheckResult } from '../http/readiness.ts'

export function secretsCheck(store: SecretStore): CheckResult {
  const failing = store.status().filter(({ failure }) => failure !== null)
  if (failing.length === 0) return { status: 'ok', detail: null }
  const each = failing.map(({ field, reference, failure }) => `${field}: ${reference}, ${failure?.message}`)
  return { status: 'degraded', detail: `secrets are used on as they were: ${each.join('; ')}` }
}
