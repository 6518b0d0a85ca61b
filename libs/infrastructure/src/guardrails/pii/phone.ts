/**
 * Telephone numbers, as `libphonenumber-js` finds them: international ones, and those of the countries named. It is shown what may be one alone: its finder
 * takes a hundred times as long for long rows of digits as for text.
 */
import { type CountryCode, findPhoneNumbersInText, type NumberFound } from 'libphonenumber-js/max'
import type { Search } from './match.ts'

/** Of E.164: fewer are no number of a person, more are no number. */
const FEWEST_DIGITS = 7
const MOST_DIGITS = 15
/** In what is looked at together: a number, and what may stand beside it. */
const DIGITS_TOGETHER = 20

/** @param countries ISO 3166-1 codes of those whose numbers count without their country's code */
export function phones(countries: readonly CountryCode[]): Search {
  return ({ text, from }, emit) => {
    ROW.lastIndex = from
    for (let match = ROW.exec(text); match !== null; match = ROW.exec(text)) {
      const [row] = match
      if (GOES_ON.test(text[match.index + row.length] ?? '')) continue
      for (const { part, at } of partsOf(row)) {
        const start = match.index + at
        findIn(part, countries, text.slice(0, start), (first, last) => emit(start + first, start + last))
      }
    }
  }
}

/** Digits and what stands between those of a number; a `+` begins another one. */
const ROW = /(?<![\w-]|\w\.)\+?[\d(][\d().\-/ \u00a0\u2009\u202f]*/g

/** A word or an address that only begins like a number. */
const GOES_ON = /[\w@]/

/** Of a long row, the words that may be a number by themselves. */
function partsOf(row: string): readonly { readonly part: string; readonly at: number }[] {
  const digits = digitsIn(row)
  if (digits < FEWEST_DIGITS) return []
  if (digits <= DIGITS_TOGETHER) return [{ part: row, at: 0 }]
  return Array.from(row.matchAll(WORD), ({ 0: part, index }) => ({ part, at: index })).filter(({ part }) => {
    const own = digitsIn(part)
    return own >= FEWEST_DIGITS && own <= MOST_DIGITS
  })
}

const WORD = /[^ \u00a0\u2009\u202f]+/g

function findIn(
  part: string,
  countries: readonly CountryCode[],
  before: string,
  emit: (start: number, end: number) => void,
): void {
  if (part.startsWith('+')) {
    for (const { startsAt, endsAt } of findPhoneNumbersInText(part)) emit(startsAt, endsAt)
    return
  }
  for (const defaultCountry of countries) {
    for (const found of findPhoneNumbersInText(part, { defaultCountry })) {
      const { startsAt, endsAt } = found
      if (isWrittenSo(found, part.slice(startsAt, endsAt), before + part.slice(0, startsAt)))
        emit(startsAt, endsAt)
    }
  }
}

/**
 * With the trunk's prefix, where its country has one. And mere digits are an order's number as well: they count with that prefix, or behind a word that says
 * what they are.
 */
function isWrittenSo({ number }: NumberFound, found: string, before: string): boolean {
  if (DATE.test(found)) return false
  const digits = found.replace(NO_DIGIT, '')
  if (!digits.endsWith(number.formatNational().replace(NO_DIGIT, ''))) return false
  return /^0|[^\d]/.test(found) || CUE.test(before)
}

const DATE = /^(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})(?!\d)/
const NO_DIGIT = /\D/g
const CUE = /(?:tel|phone|telefon|teléfono|téléphone|telefono|call|mobile|cell|fax|whatsapp|sms)\W{0,3}$/i

function digitsIn(text: string): number {
  let digits = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code >= 0x30 && code <= 0x39) digits++
  }
  return digits
}
