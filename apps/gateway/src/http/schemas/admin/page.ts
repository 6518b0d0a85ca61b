/** Lists come in pages: `next` of one page is `after` of the one behind it. */
import { type TSchema, Type } from 'typebox'

const MOST = 200
const USUAL = 50

/** Text, as everything in an address: nothing is coerced. */
export const pageFields = {
  limit: Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,2}$', description: `1 to ${MOST}.` })),
  after: Type.Optional(Type.String({ maxLength: 100, description: '`next` of the page before.' })),
}

export function pageOf<Item extends TSchema>(item: Item) {
  return Type.Object({
    data: Type.Array(item),
    next: Type.Union([Type.String(), Type.Null()], { description: 'Null on the last page.' }),
  })
}

export function limitOf({ limit }: { readonly limit?: string }): number {
  return limit === undefined ? USUAL : Math.min(MOST, Number(limit))
}

/** @param rows one more than the page holds, where there are more */
export function cut<Row>(rows: readonly Row[], limit: number, nameOf: (last: Row) => string) {
  const data = rows.slice(0, limit)
  const last = data.at(-1)
  return { data, next: rows.length > limit && last !== undefined ? nameOf(last) : null }
}
