/** The migrations of the journal, in order. A released one is never changed. */
import * as initial from './journal-0001-initial.ts'
import * as features from './journal-0002-features.ts'
import * as signals from './journal-0003-signals.ts'
import * as exploration from './journal-0004-exploration.ts'
import * as shadow from './journal-0005-shadow.ts'
import * as contexts from './journal-0006-contexts.ts'
import * as tenants from './journal-0007-tenants.ts'
import * as usage from './journal-0008-usage.ts'
import * as prices from './journal-0009-prices.ts'
import * as deadLetters from './journal-0010-dead-letters.ts'

export const journalMigrations = {
  '0001-initial': initial,
  '0002-features': features,
  '0003-signals': signals,
  '0004-exploration': exploration,
  '0005-shadow': shadow,
  '0006-contexts': contexts,
  '0007-tenants': tenants,
  '0008-usage': usage,
  '0009-prices': prices,
  '0010-dead-letters': deadLetters,
}
