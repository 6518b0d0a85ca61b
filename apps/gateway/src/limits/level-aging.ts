/** Goes round among the tenants, each once an hour or so: what a busy one has counted for keys that are revoked must not stay for ever. */
import type { Limiter } from '@atp/domain/limit'
import type { Tenant } from '@atp/domain/tenant'

export interface LevelAgingOptions {
  readonly limiter: Pick<Limiter, 'forget'>
  readonly tenants: () => Iterable<Tenant>
}

const EVERY_MS = 1_000
/** Steps in which all tenants have had their turn. */
const STEPS = 3_600

export class LevelAging {
  readonly #options: LevelAgingOptions
  #round: Tenant[] = []
  #aStep = 1
  #timer: NodeJS.Timeout | undefined

  constructor(options: LevelAgingOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer = setInterval(() => void this.step(), EVERY_MS)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** The next few tenants. */
  async step(): Promise<void> {
    if (this.#round.length === 0) {
      this.#round = [...this.#options.tenants()].filter(({ limits }) => limits.length > 0)
      this.#aStep = Math.ceil(this.#round.length / STEPS)
    }
    for (const { id } of this.#round.splice(-this.#aStep)) {
      // Where it fails, as while Redis is away, the next round tries again.
      await this.#options.limiter.forget(id).catch(() => undefined)
    }
  }
}
