/** Secrets in environment variables: what a process was started with does not change. */
import { type Environment, secretOfEnvironment } from '@atp/core/config'
import type { SecretReading, SecretSource } from '@atp/core/secret-source'

export class EnvironmentSource implements SecretSource {
  readonly #env: Environment

  constructor(env: Environment) {
    this.#env = env
  }

  async read(name: string): Promise<SecretReading> {
    const value = secretOfEnvironment(name, this.#env)
    const fields = new Map([['', value]])
    return { fields, version: 'of the start', madeAt: null, goodForMs: Number.POSITIVE_INFINITY }
  }

  watch(): () => void {
    return () => undefined
  }

  async close(): Promise<void> {}
}
