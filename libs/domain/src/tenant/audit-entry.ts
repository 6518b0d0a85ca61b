/** What the log of changes says of a tenant and of a key: everything but when, and never a hash. */
import type { Clock } from '@atp/core/clock'
import { newId } from '@atp/core/ids'
import type { Random } from '@atp/core/random'
import type { ApiKey } from './api-key.ts'
import type { AuditEntry, StoredTenant, Versioned } from './store.ts'

export type Changed = StoredTenant | (ApiKey & Versioned)

export class AuditEntries {
  readonly #clock: Clock
  readonly #random: Random

  constructor(clock: Clock, random: Random) {
    this.#clock = clock
    this.#random = random
  }

  of(actor: string, action: string, before: Changed | null, after: Changed): AuditEntry {
    return {
      id: newId(this.#clock, this.#random),
      at: this.#clock.now(),
      actor,
      action,
      subject: `${'hash' in after ? 'keys' : 'tenants'}/${after.id}`,
      before: before === null ? null : visible(before),
      after: visible(after),
    }
  }
}

function visible(thing: Changed): Record<string, unknown> {
  const { hash: _, ...rest } = thing as Changed & { readonly hash?: string }
  return rest
}
