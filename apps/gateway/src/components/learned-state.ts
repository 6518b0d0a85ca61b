/** What was learned: recovered at the start, shared with replicas and saved while it runs, complete at the stop. */
import { parseDuration } from '@atp/core/config'
import type { AppContainer } from '@atp/core/container'
import type { Component } from '@atp/core/lifecycle'
import { recover } from '@atp/domain/observation'
import * as T from '../tokens.ts'

export function learnedState({ resolve }: AppContainer): Component {
  const log = resolve(T.LOG)
  const database = resolve(T.DATABASE)
  const snapshots = resolve(T.SNAPSHOTS)
  const replicas = resolve(T.REPLICAS)
  if (replicas !== null) resolve(T.READINESS).register('replicas', () => replicas.readiness())
  const interval = parseDuration(resolve(T.CONFIG).observation.snapshot_interval)
  let timer: NodeJS.Timeout | undefined
  return {
    name: 'learned state',
    needs: ['database', 'redis'],
    // A large journal is read from where the last snapshot was taken.
    startTimeoutMs: 10 * 60_000,
    start: async () => {
      const { snapshot, ...recovered } = await recover({
        snapshots: database.snapshots,
        observations: database.observations,
        learner: resolve(T.LEARNED),
        contexts: resolve(T.LEARNED).contexts,
        warn: message => log.warn(message),
      })
      resolve(T.OBSERVATIONS).resumeFrom(recovered.sequence)
      log.info(recovered, 'learned state recovered')
      await replicas?.start(snapshot)
      timer = setInterval(() => {
        snapshots.writeNow().catch(error => log.warn({ err: error }, 'the snapshot was not written'))
      }, interval)
    },
    stop: async () => {
      clearInterval(timer)
      await resolve(T.OBSERVATIONS).drain()
      await replicas?.stop()
      await snapshots.writeNow()
    },
  }
}
