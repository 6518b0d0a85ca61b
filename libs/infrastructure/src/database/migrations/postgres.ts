/** The migrations of the Postgres database, in order. A released one is never changed. */
import * as initial from './postgres-0001-initial.ts'
import * as features from './postgres-0002-features.ts'
import * as signals from './postgres-0003-signals.ts'
import * as exploration from './postgres-0004-exploration.ts'
import * as shadow from './postgres-0005-shadow.ts'
import * as contexts from './postgres-0006-contexts.ts'
import * as tenants from './postgres-0007-tenants.ts'
import * as usage from './postgres-0008-usage.ts'
import * as prices from './postgres-0009-prices.ts'

export const postgresMigrations = {
  '0001-initial': initial,
  '0002-features': features,
  '0003-signals': signals,
  '0004-exploration': exploration,
  '0005-shadow': shadow,
  '0006-contexts': contexts,
  '0007-tenants': tenants,
  '0008-usage': usage,
  '0009-prices': prices,
}
