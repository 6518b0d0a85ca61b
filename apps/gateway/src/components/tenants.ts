/** The directory of tenants and keys, where somebody is asked for one. */
import type { AppContainer } from '@atp/core/container'
import type { Component } from '@atp/core/lifecycle'
import * as T from '../tokens.ts'

export function tenants({ resolve }: AppContainer): Component {
  const needs = ['database']
  if (!resolve(T.CONFIG).auth.enabled) return { name: 'tenants', needs }
  const follower = resolve(T.FOLLOWER)
  resolve(T.READINESS).register('tenants', () => follower.check())
  return { name: 'tenants', needs, start: () => follower.start(), stop: () => follower.stop() }
}
