/** Tells "Postgres refuses this row" from "Postgres is away, or not as it should be": the first is the row's fault, the second nobody's. */
import pg from 'pg'

/**
 * Classes of SQLSTATE that depend on the row: cardinality, data, integrity, a view's check, what is too large, and what a trigger
 * raises. Whatever else there is (no connection, no room, no table, no right, shutting down) holds for every row alike.
 */
const ROW_FAULTS = new Set(['21', '22', '23', '44', '54', 'P0'])

export function isRefusal(error: unknown): error is pg.DatabaseError & { readonly code: string } {
  return error instanceof pg.DatabaseError && ROW_FAULTS.has((error.code ?? '').slice(0, 2))
}
