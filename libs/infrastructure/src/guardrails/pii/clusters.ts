/**
 * Cuts a text into clusters: runs of characters in which personal data could be, of which each is looked at by itself. Whether two words belong
 * together is decided by a few characters of each, and a cluster that is too long is cut at a fixed place: so where clusters are does not depend on how the
 * text came, and no more is held back than a cluster.
 */

/** Of UTF-16 code units; the longest of what is looked for, an e-mail address, has 254. */
export const WINDOW = 512
/** Whatever begins before this ends within the window. */
const SURE = WINDOW / 2

const BREAK = 0
const LETTER = 1
const MARK = 2
const DIGIT = 4
const AT = 8

/** Beyond it (Hebrew, Arabic, Indic, East Asian and more) nothing is looked for: such a character ends a cluster. */
const KNOWN_SCRIPTS_END = 0x0590
const CLASSES = classes()

/** Looks into a cluster. @param isWhole false where it goes on behind `end`: then the answer is how far it is decided */
export interface ClusterReader {
  /** A cluster from `start` to `end` with a digit or an `@`; returns nothing, or where the last span ends that begins before `sure`. */
  read(text: string, start: number, end: number, sure: number): number
}

/** @returns how far the text is decided */
export function readClusters(text: string, isEnd: boolean, reader: ClusterReader): number {
  const { length } = text
  let at = 0
  for (;;) {
    while (at < length && classOf(text.charCodeAt(at)) === BREAK) at++
    if (at === length) return length
    const start = at
    const extent = clusterFrom(text, start, isEnd)
    if (extent === OPEN) return start
    const end = extent >> KIND_BITS
    const isTelling = (extent & (DIGIT | AT)) !== 0
    if (end - start < WINDOW) {
      if (isTelling) reader.read(text, start, end, end)
      at = end
    } else {
      const sure = start + SURE
      at = isTelling ? Math.max(sure, reader.read(text, start, end, sure)) : sure
    }
  }
}

/** More text must come. */
const OPEN = -1
/** An end and the kinds of what is before it, in one integer: this runs for every word of every prompt. */
const KIND_BITS = 4
const KINDS = (1 << KIND_BITS) - 1

function clusterFrom(text: string, start: number, isEnd: boolean): number {
  const limit = Math.min(text.length, start + WINDOW)
  let kinds = 0
  let inIban = false
  for (let at = start; ; at++) {
    const word = wordFrom(text, at, limit)
    const end = word >> KIND_BITS
    kinds |= word & KINDS
    if (end - start >= WINDOW) return (end << KIND_BITS) | kinds
    if (end === text.length) return isEnd ? (end << KIND_BITS) | kinds : OPEN
    inIban = isIbanPart(text, at, end, inIban)
    const joined = joins(text, end, isEnd, (word & DIGIT) !== 0, inIban)
    if (joined === null) return OPEN
    if (!joined) return (end << KIND_BITS) | kinds
    at = end
  }
}

function wordFrom(text: string, start: number, limit: number): number {
  let kinds = 0
  let at = start
  for (; at < limit; at++) {
    const kind = classOf(text.charCodeAt(at))
    if (kind === BREAK) break
    kinds |= kind
  }
  return (at << KIND_BITS) | kinds
}

/** Whether the word behind the space at `at` belongs to the one before it; null where more text must tell. */
function joins(text: string, at: number, isEnd: boolean, hasDigit: boolean, inIban: boolean): boolean | null {
  if (!(hasDigit || inIban) || !isSpace(text.charCodeAt(at))) return false
  const last = Math.min(text.length, at + 1 + LOOK_AHEAD)
  let isGroup = inIban
  for (let next = at + 1; next < last; next++) {
    const kind = classOf(text.charCodeAt(next))
    const isAlphanumeric = (kind & (LETTER | DIGIT)) !== 0
    // A group of an IBAN is at most four capitals and digits.
    if (isGroup && !isAlphanumeric) return next > at + 1
    if (kind === DIGIT && (hasDigit || isGroup)) return true
    if (kind === BREAK) return false
    const code = text.charCodeAt(next)
    if (code >= 0x61 || code < 0x30) isGroup = false
  }
  if (last === at + 1 + LOOK_AHEAD) return false
  return isEnd ? isGroup && last > at + 1 : null
}

/** Characters of the next word. */
const LOOK_AHEAD = 5

/** Whether an IBAN in groups may go on behind this word: it begins one, or is a group of one. */
function isIbanPart(text: string, start: number, end: number, inIban: boolean): boolean {
  if (inIban && end - start <= 4) return true
  return end - start >= 4 && IBAN_HEAD.test(text.slice(Math.max(start, end - 5), end))
}

const IBAN_HEAD = /(?:^|[^A-Za-z0-9])[A-Z]{2}\d{2}$/

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0xa0 || code === 0x202f || code === 0x2009
}

function classOf(code: number): number {
  return code < KNOWN_SCRIPTS_END ? (CLASSES[code] as number) : BREAK
}

function classes(): Uint8Array {
  const table = new Uint8Array(KNOWN_SCRIPTS_END)
  for (let code = 0; code < KNOWN_SCRIPTS_END; code++) {
    const character = String.fromCharCode(code)
    if (/[0-9]/.test(character)) table[code] = DIGIT
    else if (character === '@') table[code] = AT
    else if (/[\p{L}\p{M}]/u.test(character)) table[code] = LETTER
    else if (/[._%+\-':/()]/.test(character)) table[code] = MARK
  }
  return table
}
