/** Numbers as numbers and JSON as its text: what pg gives for a bigint is a string, and for JSON an object with its order lost. */
import pg from 'pg'

const { INT8, JSON: JSON_TEXT } = pg.types.builtins

export const exactTypes: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') => {
    if (oid === INT8) return exactInteger
    if (oid === JSON_TEXT) return asText
    return pg.types.getTypeParser(oid, format as 'text')
  },
} as pg.CustomTypesConfig

/** @throws {RangeError} beyond 2^53, where a double would be another number */
function exactInteger(text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value)) return value
  throw new RangeError(`the database holds an integer beyond 2^53: ${text}`)
}

function asText(text: string): string {
  return text
}
