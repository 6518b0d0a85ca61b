/** Which keys were used since the last note of it: a request adds to a set, the store is told once in a while. */
import type { Clock } from '@atp/core/clock'
import type { KeyId } from '@atp/core/ids'
import { ROOT_KEY } from './directory.ts'
import type { TenantStore } from './store.ts'

export class KeyUse {
  readonly #store: Pick<TenantStore, 'used'>
  readonly #clock: Clock
  #keys = new Set<KeyId>()

  constructor(store: Pick<TenantStore, 'used'>, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  note(key: KeyId): void {
    this.#keys.add(key)
  }

  /** @throws whatever the store throws: then the next flush tells it */
  async flush(): Promise<void> {
    const keys = this.#keys
    keys.delete(ROOT_KEY)
    if (keys.size === 0) return
    this.#keys = new Set()
    try {
      await this.#store.used({ keys: [...keys], at: this.#clock.now() })
    } catch (error) {
      for (const key of keys) this.#keys.add(key)
      throw error
    }
  }
}
