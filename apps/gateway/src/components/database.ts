/** The journal, and Postgres where there is one. */
import type { AppContainer } from '@atp/core/container'
import type { Component } from '@atp/core/lifecycle'
import * as T from '../tokens.ts'

export function database({ resolve }: AppContainer): Component {
  const database = resolve(T.DATABASE)
  resolve(T.READINESS).register('database', () => {
    const { state, reason } = database.readiness()
    const status = state === 'ready' ? 'ok' : state === 'degraded' ? 'degraded' : 'unavailable'
    return { status, detail: reason }
  })
  return {
    name: 'database',
    start: () => database.start(),
    // What Postgres doesn't take in half of the time stays in the journal; the rest is for closing it.
    stop: patienceMs => database.stop(patienceMs / 2),
  }
}
