export { InProcessSums } from './in-process-sums.ts'
export { KeyExchange, type Offer } from './key-exchange.ts'
export { add, isNothing, KEPT_AT_CHANGE, NOTHING, type Part, type Parts, subtract } from './part.ts'
export { type RelearnOptions, relearn } from './relearn.ts'
export {
  ReplicaExchange,
  type ReplicaExchangeOptions,
  type SharedMoment,
  type Sharer,
} from './replica-exchange.ts'
export type { Seed, SharedSum, SharedSums, Telling } from './shared-sums.ts'
