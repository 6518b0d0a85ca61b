/** Replaces all workers by the configuration as it is now. One reload at a time; asked again meanwhile, it begins anew afterwards, once. */
import type { Logger } from '@atp/core/logging'
import { explanation } from '../cli/explanation.ts'
import type { Plan } from './plan.ts'
import type { Primary } from './primary.ts'

export class Reload {
  readonly #primary: Pick<Primary, 'replace'>
  readonly #read: () => Plan
  readonly #log: Pick<Logger, 'info' | 'error'>
  #running = false
  #again = false

  /** @param read throws where the configuration is not valid */
  constructor(primary: Pick<Primary, 'replace'>, read: () => Plan, log: Pick<Logger, 'info' | 'error'>) {
    this.#primary = primary
    this.#read = read
    this.#log = log
  }

  /** Never rejects: what is wrong is logged, and the gateway serves on as it did. */
  async request(): Promise<void> {
    this.#again = true
    if (this.#running) return
    this.#running = true
    while (this.#again) {
      this.#again = false
      await this.#reload()
    }
    this.#running = false
  }

  async #reload(): Promise<void> {
    try {
      const plan = this.#read()
      this.#log.info('the configuration is valid: the workers are replaced one after the other')
      await this.#primary.replace(plan)
      this.#log.info('all workers serve by the configuration as it is now')
    } catch (error) {
      this.#log.error(`the reload was refused, and the gateway serves on as it did: ${explanation(error)}`)
    }
  }
}
