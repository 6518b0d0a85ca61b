/**
 * Keeps prices and the directory of tenants like their store: a look every quarter of a second where other replicas may change it, so that
 * a revocation or a new price reaches all of them within a second. While the store is away the gateway serves from memory, and says so.
 */
import type { Logger } from '@atp/core/logging'
import type { PriceList } from '@atp/domain/pricing'
import type { KeyUse, TenantDirectory } from '@atp/domain/tenant'
import type { CheckResult } from './http/readiness.ts'

const LOOK_EVERY_MS = 250
const NOTE_USE_EVERY_MS = 60_000
/** Many looks in a row have failed. */
const STALE_MS = 3_000

export interface StoreFollowerOptions {
  readonly prices: Pick<PriceList, 'refresh'>
  readonly directory: Pick<TenantDirectory, 'refresh' | 'isLoaded' | 'age' | 'size'>
  readonly use: Pick<KeyUse, 'flush'>
  /** Whether somebody else may change the store. */
  readonly isShared: boolean
  readonly log: Pick<Logger, 'info' | 'warn'>
}

export class StoreFollower {
  readonly #options: StoreFollowerOptions
  #look: NodeJS.Timeout | undefined
  #noteUse: NodeJS.Timeout | undefined
  #stopped = false
  #away = false

  constructor(options: StoreFollowerOptions) {
    this.#options = options
  }

  /** Loads all there is. A shared store may be away; until it answers, nobody is let in. @throws whatever a store of our own throws */
  async start(): Promise<void> {
    const { directory, isShared, log } = this.#options
    if (isShared) {
      await this.#lookOnce()
      this.#lookAgain()
    } else {
      await this.#refresh()
    }
    log.info({ keys: directory.size }, 'tenants, keys and prices loaded')
    this.#noteUse = setInterval(() => this.#flush(), NOTE_USE_EVERY_MS)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#look)
    clearInterval(this.#noteUse)
    await this.#flush()
  }

  check(): CheckResult {
    const { directory, isShared } = this.#options
    if (!directory.isLoaded) {
      return {
        status: 'unavailable',
        detail: 'tenants, keys and prices were not loaded yet: their database is away',
      }
    }
    const age = directory.age ?? 0
    if (!isShared || age < STALE_MS) return { status: 'ok', detail: null }
    const seconds = Math.round(age / 1000)
    return {
      status: 'degraded',
      detail: `the database is away: tenants, keys and prices as of ${seconds} s ago, from memory`,
    }
  }

  #lookAgain(): void {
    if (this.#stopped) return
    this.#look = setTimeout(async () => {
      await this.#lookOnce()
      this.#lookAgain()
    }, LOOK_EVERY_MS)
  }

  async #lookOnce(): Promise<void> {
    const { log } = this.#options
    try {
      await this.#refresh()
      if (this.#away) log.info('tenants, keys and prices are followed again')
      this.#away = false
    } catch (error) {
      if (!this.#away)
        log.warn({ err: error }, 'tenants, keys and prices cannot be read: serving from memory')
      this.#away = true
    }
  }

  /** Prices first: whoever is let in is billed at the right one. */
  async #refresh(): Promise<void> {
    const { prices, directory } = this.#options
    await prices.refresh()
    await directory.refresh()
  }

  async #flush(): Promise<void> {
    const { use, log } = this.#options
    await use.flush().catch(error => log.warn({ err: error }, 'the last use of keys was not noted yet'))
  }
}
