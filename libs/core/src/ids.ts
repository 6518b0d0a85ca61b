/** Ids are UUIDv7: made when a request arrives, sortable by time, from the injected clock and randomness. */
import { v7 } from 'uuid'
import type { Clock } from './clock.ts'
import type { Random } from './random.ts'
import type { Brand } from './units.ts'

export type TenantId = Brand<string, 'TenantId'>
/** An API key's id: it names the key and opens nothing. */
export type KeyId = Brand<string, 'KeyId'>
export type AdapterId = Brand<string, 'AdapterId'>
/** `adapter/model`: one model served by one upstream account. */
export type ArmId = Brand<string, 'ArmId'>
export type DecisionId = Brand<string, 'DecisionId'>
export type ObservationId = Brand<string, 'ObservationId'>

export function newId<Id extends string>(clock: Clock, random: Random): Id {
  return v7({ msecs: clock.now(), random: random.bytes(16) }) as Id
}
