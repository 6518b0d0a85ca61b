/** Observations and decisions that differ by their names, and a learner that writes down what it is told. */
import { ManualClock } from '@atp/core/clock'
import type { ArmId, DecisionId, ObservationId, TenantId } from '@atp/core/ids'
import { epochMs } from '@atp/core/units'
import {
  type ContextKeeper,
  type Learner,
  type Observation,
  ObservationService,
} from '../../src/observation/index.ts'
import type { Decision } from '../../src/routing/index.ts'
import type { MemoryJournal } from './memory-journal.ts'

export function observationOf(id: string): Observation {
  return {
    id: id as ObservationId,
    kind: 'attempt',
    at: epochMs(0),
    tenant: 'default' as TenantId,
    decisionId: null,
    arm: 'up/fast' as ArmId,
    outcome: 'success',
    quality: null,
    latency: null,
    timeToFirstToken: null,
    usage: null,
    cost: null,
  }
}

export function decisionOf(id: string, pinned = false): Decision {
  return {
    id: id as DecisionId,
    tenant: 'default' as TenantId,
    task: null,
    at: epochMs(0),
    arm: 'up/fast' as ArmId,
    strategy: 'thompson',
    weights: { quality: 1, cost: 0, latency: 0 },
    seed: id,
    stateVersion: 0,
    candidates: [],
    pinned,
    exploration: 0,
    shadow: null,
    features: null,
    signal: null,
    keyId: null,
  }
}

export class RecordingLearner implements Learner {
  readonly seen: string[] = []
  readonly pinned = new Set<string>()
  sequence = 0
  restored: Readonly<Record<string, unknown>> | null = null

  apply(observation: Observation, context: { readonly pinned: boolean }): void {
    if (observation.id.startsWith('indigestible')) throw new RangeError('not a number')
    this.seen.push(observation.id)
    if (context.pinned) this.pinned.add(observation.id)
  }

  reached(sequence: number): void {
    this.sequence = sequence
  }

  snapshot(): Readonly<Record<string, unknown>> {
    return { 'up/fast': this.seen.length }
  }

  restore(arms: Readonly<Record<string, unknown>>): void {
    this.restored = arms
  }
}

/** Contexts of which there are none. */
export const NO_CONTEXTS: ContextKeeper = {
  capture: () => async () => {},
  beginReplay: async () => {},
  endReplay: async () => {},
  settle: async () => {},
}

/** A service over a journal in memory. Flushes at the end of the current microtasks, unless told otherwise. */
export function serviceOver(journal: MemoryJournal, queueLimit = 100) {
  const learner = new RecordingLearner()
  const warnings: string[] = []
  const service = new ObservationService({
    journal,
    learner,
    queueLimit,
    schedule: queueMicrotask,
    warn: message => warnings.push(message),
  })
  return { service, learner, warnings, clock: new ManualClock() }
}

/** Lets everything run that waits for nothing but its turn. */
export function settled(): Promise<void> {
  return new Promise(resolve => {
    setImmediate(resolve)
  })
}
