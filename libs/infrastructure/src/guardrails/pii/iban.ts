/** IBANs: the country's length and form, and the checksum (mod 97), as `validator` has them; in one piece or in groups. */
import validator from 'validator'
import { eachMatch, type Search } from './match.ts'

const LONGEST = 34
const SHORTEST = 15

export const ibans: Search = (cluster, emit) => {
  const { text } = cluster
  eachMatch(HEAD, cluster, (_, start) => {
    const end = ibanEnd(text, start)
    if (end === null) return false
    emit(start, end)
    return true
  })
}

/** The country says how long it is: so at every end of a group it either is one, or not yet. */
function ibanEnd(text: string, start: number): number | null {
  let compact = ''
  for (let at = start; at < text.length && compact.length < LONGEST; at++) {
    const character = text[at] as string
    if (!ALPHANUMERIC.test(character)) {
      if (!SEPARATOR.test(character) || !ALPHANUMERIC.test(text[at + 1] ?? '')) return null
      continue
    }
    compact += character
    const isGroupEnd = !ALPHANUMERIC.test(text[at + 1] ?? '')
    if (isGroupEnd && compact.length >= SHORTEST && validator.isIBAN(compact)) return at + 1
  }
  return null
}

const HEAD = /(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}/g
const ALPHANUMERIC = /[A-Za-z0-9]/
const SEPARATOR = /[ \u00a0\u2009\u202f-]/
