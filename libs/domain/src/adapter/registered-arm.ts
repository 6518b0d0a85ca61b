/** A model of an adapter at work: its own health, and its own circuit, for faults that are not the account's. */
import type { Arm } from '../routing/arm.ts'
import { CircuitBreaker } from './breaker.ts'
import { CallHealth } from './health.ts'
import type { AdapterEnvironment } from './registered-adapter.ts'

export class RegisteredArm {
  readonly arm: Arm
  readonly health: CallHealth
  readonly breaker: CircuitBreaker

  constructor(arm: Arm, { createLatencySketch, healthHalfLifeMs, breaker, random }: AdapterEnvironment) {
    this.arm = arm
    this.health = new CallHealth(createLatencySketch, healthHalfLifeMs)
    this.breaker = new CircuitBreaker(breaker, random)
  }
}
