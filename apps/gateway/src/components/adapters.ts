/** The upstream accounts. What they answer is observed, so they stop before the observations do. */
import type { AppContainer } from '@atp/core/container'
import type { Component } from '@atp/core/lifecycle'
import type { AdapterHealth, AdapterRegistry } from '@atp/domain/adapter'
import type { Arm } from '@atp/domain/routing'
import type { CheckResult } from '../http/readiness.ts'
import * as T from '../tokens.ts'

export function adapters({ resolve }: AppContainer): Component {
  const registry = resolve(T.REGISTRY)
  const embedder = resolve(T.EMBEDDER)
  // One of them may judge the others: that it exists is found out now.
  resolve(T.JUDGING)
  resolve(T.READINESS).register('adapters', () => adaptersCheck(registry))
  const trials = resolve(T.TRIALS)
  return {
    name: 'adapters',
    needs: ['learned state'],
    start: () => trials?.start(),
    stop: async () => {
      await trials?.stop()
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
  const open = adapters.flatMap(({ id }) => openCircuits(id, registry.health(id) as AdapterHealth))
  if (open.length === 0) return { status: 'ok', detail: null }
  const isOpen = ({ id, adapterId }: Arm): boolean => open.includes(adapterId) || open.includes(id)
  return {
    status: arms.every(isOpen) ? 'unavailable' : 'degraded',
    detail: `circuit open: ${open.join(', ')}`,
  }
}

/** The adapter, or those of its models. Of a circuit whose cooldown is over, traffic must be the judge: only `open` counts, and never for ever. */
function openCircuits(id: string, { circuit, arms }: AdapterHealth): string[] {
  if (circuit === 'open') return [id]
  return Object.keys(arms).filter(arm => arms[arm]?.circuit === 'open')
}
