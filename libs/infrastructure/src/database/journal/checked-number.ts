/** Postgres must take whatever the journal took, or the drain would stop for ever at one row: so the journal is as strict. NaN stands for unknown. */

export function integer(field: string, value: number | undefined): number {
  if (Number.isSafeInteger(value)) return value as number
  throw new RangeError(`${field} must be an integer up to 2^53, found ${value}`)
}

export function integerOrNull(field: string, value: number | undefined): number | null {
  return Number.isNaN(value) ? null : integer(field, value)
}

export function real(field: string, value: number | undefined): number {
  if (Number.isFinite(value)) return value as number
  throw new RangeError(`${field} must be a finite number, found ${value}`)
}

export function realOrNull(field: string, value: number | undefined): number | null {
  return Number.isNaN(value) ? null : real(field, value)
}
