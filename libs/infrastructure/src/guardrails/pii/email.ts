/** E-mail addresses, as `validator` takes them. Each `@` is looked at by itself, as far as an address may reach from it. */
import validator from 'validator'
import type { Search } from './match.ts'

/** RFC 5321, section 4.5.3.1; an address has at most 254 characters. */
const LONGEST_LOCAL_PART = 64
const LONGEST_DOMAIN = 254 - 2

export const emails: Search = ({ text, from }, emit) => {
  for (let at = text.indexOf('@', from); at >= 0; at = text.indexOf('@', at + 1)) {
    let start = at
    while (start > from && at - start < LONGEST_LOCAL_PART && LOCAL.test(text[start - 1] as string)) start--
    while (start < at && NO_BEGINNING.test(text[start] as string)) start++
    let end = at + 1
    while (end < text.length && end - start < LONGEST_DOMAIN && DOMAIN.test(text[end] as string)) end++
    while (end > at && NO_END.test(text[end - 1] as string)) end--
    const found = text.slice(start, end)
    if (start === at || NOT_MEANT.test(found) || isRepository(found, text, end)) continue
    if (validator.isEmail(found, OPTIONS)) emit(start, end)
  }
}

const OPTIONS = { allow_utf8_local_part: true } as const
const LOCAL = /[A-Za-z0-9._%+'\-\u00aa-\u058f]/
const DOMAIN = /[A-Za-z0-9.\-\u00aa-\u058f]/
const NO_BEGINNING = /[.%+'-]/
const NO_END = /[.-]/
/** `icon@2x.png` */
const NOT_MEANT = /@\dx\.(?:png|jpe?g|gif|webp|svg)$/i

/** `git@example.com:team/project` */
function isRepository(found: string, text: string, end: number): boolean {
  return found.startsWith('git@') && (text[end] === ':' || text[end] === '/')
}
