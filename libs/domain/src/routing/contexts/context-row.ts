/**
 * A context as it is stored: its figures by the arms' names, and beside them how far the sum of all replicas has them, so that who
 * loads it knows what is still to be told.
 */
import type { StoredContext } from '../../observation/ports.ts'
import type { Offer } from '../../replication/key-exchange.ts'
import { isNothing, NOTHING, type Parts, subtract } from '../../replication/part.ts'
import { type ContextMemory, isLegalMemory } from './context-figures.ts'
import { memoryOf, partsOf } from './context-parts.ts'

/** How a replica stands with the sum of all. */
export interface SharedState {
  /** The name it tells under; null: its own. */
  readonly replica: string | null
  /** The sequence up to which its own observations are in `base`. */
  readonly told: number
  /** The sum as it was last seen. */
  readonly base: Parts
  /** Told perhaps: whoever asks for the sum hears whether it was. */
  readonly offer: Offer | null
}

/** What a row says of sharing stands where no arm's figures do: every arm has a name. */
const SHARED = ''

export function armsOf(memory: ContextMemory, shared: SharedState | null, halfLifeMs: number) {
  if (shared === null) return memory
  const now = partsOf(memory, halfLifeMs)
  const { replica, told, base, offer } = shared
  return {
    ...memory,
    [SHARED]: {
      told,
      ...(replica === null ? {} : { replica }),
      ...unlessSame('base', base, now),
      ...(offer === null
        ? {}
        : { offer: { sequence: offer.sequence, ...unlessSame('known', offer.known, now) } }),
    },
  }
}

/** @returns its figures, and how far they are shared: null where nothing was ever told */
export function readArms(
  { appliedSequence, arms: { [SHARED]: shared, ...memory } }: Pick<StoredContext, 'appliedSequence' | 'arms'>,
  halfLifeMs: number,
): { readonly memory: Readonly<Record<string, unknown>>; readonly shared: SharedState | null } {
  const now = isLegalMemory(memory) ? partsOf(memory, halfLifeMs) : NOTHING
  const allTold = { replica: null, told: 0, base: now, offer: null }
  // Nothing in it was observed here: another replica wrote it, and tells it.
  if (appliedSequence === 0) return { memory, shared: allTold }
  if (shared === undefined) return { memory, shared: null }
  // Where it is corrupt: evidence that is lost harms less than evidence that counts twice.
  return { memory, shared: readShared(shared, now, halfLifeMs) ?? allTold }
}

function readShared(value: unknown, now: Parts, halfLifeMs: number): SharedState | null {
  if (!isRecord(value)) return null
  const { told, replica = null, base, offer = null } = value
  const parts = (memory: unknown): Parts | null => {
    if (memory === undefined) return now
    return isLegalMemory(memory) ? partsOf(memory, halfLifeMs) : null
  }
  const begun = parts(base)
  if (!isSequence(told) || !(replica === null || typeof replica === 'string') || begun === null) return null
  const state = { replica, told, base: begun }
  if (offer === null) return { ...state, offer }
  const known = isRecord(offer) ? parts(offer.known) : null
  if (!isRecord(offer) || !isSequence(offer.sequence) || known === null) return null
  return { ...state, offer: { sequence: offer.sequence, known } }
}

function unlessSame<Name extends string>(name: Name, parts: Parts, now: Parts) {
  return isNothing(subtract(now, parts)) ? {} : { [name]: memoryOf(parts) }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isSequence(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
