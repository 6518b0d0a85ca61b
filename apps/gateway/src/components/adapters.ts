/** The upstream accounts. What they answer is observed, so they stop before the observations do. */
import type { AppContainer } from '@atp/core/container'
import type { Component } from '@atp/core/lifecycle'
import type { AdapterRegistry } from '@atp/domain/adapter'
import type { CheckResult } from '../http/readiness.ts'
import * as T from '../tokens.ts'

export function adapters({ resolve }: AppContainer): Component {
  const registry = resolve(T.REGISTRY)
  const embedder = resolve(T.EMBEDDER)
  // One of them may judge the others: that it exists is found out now.
  resolve(T.JUDGING)
  resolve(T.READINESS).register('adapters', () => adaptersCheck(registry))
  return {
    name: 'adapters',
    needs: ['learned state'],
    stop: async () => {
      await Promise.all(registry.adapters().map(({ id }) => registry.unregister(id)))
      await embedder?.close()
    },
  }
}

function adaptersCheck(registry: AdapterRegistry): CheckResult {
  const arms = registry.arms()
  if (arms.length === 0) {
    return { status: 'unavailable', detail: 'no adapter is configured: add one under `adapters`' }
  }
  const adapters = registry.adapters()
  const open = adapters.filter(({ id }) => registry.health(id)?.circuit === 'open')
  if (open.length === 0) return { status: 'ok', detail: null }
  // Of a circuit whose cooldown is over, traffic must be the judge: only `open` counts, and never for ever.
  const status = open.length === adapters.length ? 'unavailable' : 'degraded'
  return { status, detail: `circuit open: ${open.map(({ id }) => id).join(', ')}` }
}
