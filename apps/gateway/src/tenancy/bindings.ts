/** The part of the composition that knows what administrators set: tenants, keys and prices, and who checks the keys. */

import { type Binding, bind } from '@atp/core/container'
import { hashOfKey } from '@atp/core/key-text'
import type { LiveSecret } from '@atp/core/secret'
import { PriceAdministration, PriceList } from '@atp/domain/pricing'
import { KeyAdministration, KeyUse, TenantAdministration, TenantDirectory } from '@atp/domain/tenant'
import { everybody, KeyAuthenticator } from '../corridor/authenticate.ts'
import { StoreFollower } from '../store-follower.ts'
import * as T from '../tokens.ts'

export const TENANCY: readonly Binding[] = [
  bind(T.DIRECTORY, resolve => {
    const { admin_key } = resolve(T.CONFIG).auth
    return new TenantDirectory({
      store: resolve(T.DATABASE).tenants,
      clock: resolve(T.CLOCK),
      rootKeyHash: admin_key === null ? null : hashOfNow(resolve(T.SECRETS).get(admin_key)),
      onChange: (before, after) => resolve(T.NEW_QUOTAS).changed(before, after),
    })
  }),
  bind(T.KEY_USE, resolve => new KeyUse(resolve(T.DATABASE).tenants, resolve(T.CLOCK))),
  bind(
    T.FOLLOWER,
    resolve =>
      new StoreFollower({
        prices: resolve(T.PRICES),
        directory: resolve(T.DIRECTORY),
        use: resolve(T.KEY_USE),
        isShared: resolve(T.DATABASE).isShared,
        log: resolve(T.LOG),
      }),
  ),
  bind(T.AUTHENTICATOR, resolve =>
    resolve(T.CONFIG).auth.enabled
      ? new KeyAuthenticator({
          directory: resolve(T.DIRECTORY),
          use: resolve(T.KEY_USE),
          clock: resolve(T.CLOCK),
        })
      : everybody,
  ),
  bind(
    T.TENANTS,
    resolve =>
      new TenantAdministration({
        store: resolve(T.DATABASE).tenants,
        directory: resolve(T.DIRECTORY),
        clock: resolve(T.CLOCK),
        random: resolve(T.RANDOM),
      }),
  ),
  bind(
    T.KEYS,
    resolve =>
      new KeyAdministration({
        store: resolve(T.DATABASE).tenants,
        directory: resolve(T.DIRECTORY),
        clock: resolve(T.CLOCK),
        random: resolve(T.RANDOM),
      }),
  ),
  bind(T.PRICES, resolve => new PriceList(resolve(T.DATABASE).prices)),
  bind(
    T.PRICE_ADMINISTRATION,
    resolve =>
      new PriceAdministration({
        store: resolve(T.DATABASE).prices,
        prices: resolve(T.PRICES),
        registry: resolve(T.REGISTRY),
        clock: resolve(T.CLOCK),
        random: resolve(T.RANDOM),
      }),
  ),
]

/** Made again only for another key: every request asks for it. */
function hashOfNow(key: LiveSecret): () => string {
  let { generation } = key
  let hash = hashOfKey(key.reveal())
  return () => {
    if (key.generation !== generation) {
      hash = hashOfKey(key.reveal())
      generation = key.generation
    }
    return hash
  }
}
