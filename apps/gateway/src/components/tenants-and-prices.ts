/** What the database says of tenants, keys and prices, followed. */
import type { AppContainer } from '@atp/core/container'
import type { Component } from '@atp/core/lifecycle'
import * as T from '../tokens.ts'

export function tenantsAndPrices({ resolve }: AppContainer): Component {
  const follower = resolve(T.FOLLOWER)
  if (resolve(T.CONFIG).auth.enabled) resolve(T.READINESS).register('tenants', () => follower.check())
  return {
    name: 'tenants and prices',
    needs: ['database'],
    start: () => follower.start(),
    stop: () => follower.stop(),
  }
}
