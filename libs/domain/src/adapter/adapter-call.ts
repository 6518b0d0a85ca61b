/** One call that the circuits have let through: exactly one `end` belongs to it. */
import type { Arm } from '../routing/arm.ts'
import type { CallResult } from './health.ts'
import type { Provider } from './provider.ts'
import type { Permits, RegisteredAdapter } from './registered-adapter.ts'
import type { RegisteredArm } from './registered-arm.ts'

export class AdapterCall {
  readonly #adapter: RegisteredAdapter
  readonly #arm: RegisteredArm
  readonly #permits: Permits
  #ended = false

  constructor(adapter: RegisteredAdapter, arm: RegisteredArm, permits: Permits) {
    this.#adapter = adapter
    this.#arm = arm
    this.#permits = permits
  }

  get arm(): Arm {
    return this.#arm.arm
  }

  get provider(): Provider {
    return this.#adapter.adapter.provider
  }

  get hasEnded(): boolean {
    return this.#ended
  }

  /** Says how the call ended, to health and circuits. A second time says nothing. */
  end(result: CallResult): void {
    if (this.#ended) return
    this.#ended = true
    this.#adapter.end(this.#arm, this.#permits, result)
  }
}
