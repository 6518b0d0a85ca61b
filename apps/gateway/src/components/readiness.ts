/** Holds the doors closed until all else is ready, where another process serves meanwhile. */
import type { AppContainer } from '@atp/core/container'
import type { Component } from '@atp/core/lifecycle'
import { untilReady } from '../http/until-ready.ts'
import * as T from '../tokens.ts'

export function readiness({ resolve }: AppContainer, isWaitedFor: boolean): Component {
  const readiness = resolve(T.READINESS)
  return {
    name: 'readiness',
    needs: ['tenants and prices', 'adapters', 'limits'],
    ...(isWaitedFor ? { start: signal => untilReady(readiness, signal) } : {}),
  }
}
