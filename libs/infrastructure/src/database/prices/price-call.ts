/** A price store at the other end of something: each call of it as plain data, and the store that makes them. */
import type { PriceChange, PriceStore } from '@atp/domain/pricing'

export type PriceCall =
  | { readonly name: 'changedAfter'; readonly input: number }
  | { readonly name: 'commit'; readonly input: PriceChange }

/** @param send makes the call at the other end and resolves with its result */
export function pricesBehind(send: (call: PriceCall) => Promise<unknown>): PriceStore {
  return {
    changedAfter: input => send({ name: 'changedAfter', input }) as ReturnType<PriceStore['changedAfter']>,
    commit: input => send({ name: 'commit', input }) as ReturnType<PriceStore['commit']>,
  }
}

export function answerPrices(store: PriceStore, { name, input }: PriceCall): Promise<unknown> {
  return name === 'commit' ? store.commit(input) : store.changedAfter(input)
}
