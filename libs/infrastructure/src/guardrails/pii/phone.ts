/** Telephone numbers, as `libphonenumber-js` finds them: international ones, and those of the countries named. */
import { type CountryCode, findPhoneNumbersInText } from 'libphonenumber-js/max'
import type { Search } from './match.ts'

const FEWEST_DIGITS = 7

/** @param countries ISO 3166-1 codes of those whose numbers count without their country's code */
export function phones(countries: readonly CountryCode[]): Search {
  return ({ text, from }, emit) => {
    const own = text.slice(from)
    const isInternational = own.includes('+')
    if ((!isInternational && countries.length === 0) || digitsIn(own) < FEWEST_DIGITS) return
    if (countries.length === 0) {
      for (const { startsAt, endsAt } of findPhoneNumbersInText(own)) emit(from + startsAt, from + endsAt)
      return
    }
    for (const defaultCountry of countries) {
      for (const { startsAt, endsAt } of findPhoneNumbersInText(own, { defaultCountry })) {
        const [start, end] = [from + startsAt, from + endsAt]
        if (isSaidToBeOne(text, start, end)) emit(start, end)
      }
    }
  }
}

/** Mere digits are an order's number as well: they count with a prefix, a trunk's zero, or a word that says so. */
function isSaidToBeOne(text: string, start: number, end: number): boolean {
  const found = text.slice(start, end)
  return /^[+0(]|[^\d]/.test(found) || CUE.test(text.slice(0, start))
}

const CUE = /(?:tel|phone|telefon|teléfono|téléphone|telefono|call|mobile|cell|fax|whatsapp|sms)\W{0,3}$/i

function digitsIn(text: string): number {
  let digits = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code >= 0x30 && code <= 0x39) digits++
  }
  return digits
}
