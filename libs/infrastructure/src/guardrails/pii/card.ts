/** Numbers of payment cards: the issuers' prefixes and lengths, and Luhn's checksum, as `validator` has them; in the groups in which cards show them. */
import validator from 'validator'
import { eachMatch, type Search } from './match.ts'

export const cards: Search = (cluster, emit) => {
  eachMatch(CARD, cluster, (found, start) => {
    const length = lengthOfCard(found)
    if (length === 0) return false
    emit(start, start + length)
    return true
  })
}

/** 0 where it is none. What follows its groups may be the code on its back. */
function lengthOfCard(found: string): number {
  if (isCard(found)) return found.length
  const shorter = found.slice(0, FOUR_GROUPS)
  return found.length > FOUR_GROUPS && isCard(shorter) ? FOUR_GROUPS : 0
}

const FOUR_GROUPS = '4111 1111 1111 1111'.length

function isCard(found: string): boolean {
  return validator.isCreditCard(found.replace(SEPARATORS, ''))
}

/** In one piece, or 4-4-4-4 (and 3 more), 4-6-5, 4-6-4. */
const CARD =
  /(?<![A-Za-z0-9]|\d[.,])(?:\d{13,19}|\d{4}([ \u00a0\u2009\u202f-])(?:\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?|\d{6}\1\d{4,5}))(?![A-Za-z0-9]|[.,]\d)/g
const SEPARATORS = /[^\d]/g
