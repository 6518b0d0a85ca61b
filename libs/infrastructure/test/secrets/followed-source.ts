/** Secrets that a test replaces while they are in use. */
import { systemClock } from '@atp/core/clock'
import { SecretReference } from '@atp/core/config'
import { SystemRandom } from '@atp/core/random'
import type { LiveSecret } from '@atp/core/secret'
import { SecretStore } from '../../src/secrets/index.ts'
import { FakeSource } from './fake-source.ts'

const ANYTHING = { pattern: /^/, found: '', allowed: '' }

export interface FollowedSecrets extends AsyncDisposable {
  readonly secret: (field: string) => LiveSecret
  /** Puts other values into their place; whoever uses them is told, unless `silently`: then they must ask. */
  replace(values: Readonly<Record<string, string>>, how?: 'silently'): void
}

export async function followed(values: Readonly<Record<string, string>>): Promise<FollowedSecrets> {
  const source = new FakeSource()
  source.answer = values
  const reference = (field: string) => new SecretReference('vault', 'path', field)
  const store = new SecretStore({
    secrets: Object.keys(values).map(field => ({ field, reference: reference(field), rule: ANYTHING })),
    sources: { vault: source },
    policy: { ttlMs: 3_600_000, staleIfErrorMs: 3_600_000 },
    clock: systemClock,
    random: new SystemRandom(),
    log: { info: () => undefined, warn: () => undefined },
  })
  await store.open()
  return {
    secret: field => store.get(reference(field)),
    replace(next, how) {
      source.answer = next
      if (how !== 'silently') source.changed()
    },
    [Symbol.asyncDispose]: () => store.close(),
  }
}
