/** Finds personal data in texts: by form and by checksum, without a model. */
import type { Decided, Detector, Reading, Span } from '@atp/domain/guardrail'
import type { CountryCode } from 'libphonenumber-js/max'
import { cards } from './card.ts'
import { readClusters } from './clusters.ts'
import { emails } from './email.ts'
import { ibans } from './iban.ts'
import { ipAddresses } from './ip.ts'
import type { PiiKind, Search } from './match.ts'
import { nationalIds } from './national-id.ts'
import { phones } from './phone.ts'

export interface PiiOptions {
  readonly kinds: readonly PiiKind[]
  /** ISO 3166-1; see `phones`. */
  readonly phoneCountries: readonly string[]
}

export function createPiiDetector({ kinds, phoneCountries }: PiiOptions): Detector {
  const all: Readonly<Record<PiiKind, Search>> = {
    email: emails,
    iban: ibans,
    card: cards,
    national_id: nationalIds,
    ip: ipAddresses,
    phone: phones(phoneCountries as readonly CountryCode[]),
  }
  const searches = PRIORITY.filter(kind => kinds.includes(kind)).map(kind => ({ kind, search: all[kind] }))
  return new PiiDetector(searches)
}

/** Of two that are equally long and overlap, the one with the stronger proof counts. */
const PRIORITY: readonly PiiKind[] = ['email', 'iban', 'card', 'national_id', 'ip', 'phone']

interface KindSearch {
  readonly kind: PiiKind
  readonly search: Search
}

class PiiDetector implements Detector {
  readonly #searches: readonly KindSearch[]

  constructor(searches: readonly KindSearch[]) {
    this.#searches = searches
  }

  find(text: string): readonly Span[] {
    // Whatever is looked for has one of them.
    return TELLING.test(text) ? new PiiReading(this.#searches).whole(text) : NONE
  }

  reading(): Reading {
    return new PiiReading(this.#searches)
  }

  placeholder(kind: string): string {
    return `[${kind.toUpperCase()}]`
  }
}

const TELLING = /[0-9@]/
const NONE: readonly Span[] = []

/** Characters before a cluster that say what it is: `version `, `tel. `. */
const CONTEXT = 24

class PiiReading implements Reading {
  readonly #searches: readonly KindSearch[]
  /** The end of what is decided. */
  #before = ''
  #held = ''
  #spans: Span[] = []

  constructor(searches: readonly KindSearch[]) {
    this.#searches = searches
  }

  whole(text: string): readonly Span[] {
    readClusters(text, true, this)
    return this.#spans
  }

  push(text: string): Decided {
    return this.#decide(this.#held + text, false)
  }

  end(): Decided {
    return this.#decide(this.#held, true)
  }

  read(text: string, start: number, end: number, sure: number): number {
    const before = (
      start < CONTEXT ? this.#before + text.slice(0, start) : text.slice(start - CONTEXT, start)
    ).slice(-CONTEXT)
    const cluster = { text: before + text.slice(start, end), from: before.length }
    const offset = start - before.length
    const found: Span[] = []
    for (const { kind, search } of this.#searches) {
      search(cluster, (from, to) => found.push({ start: from + offset, end: to + offset, kind }))
    }
    let last = 0
    for (const span of withoutOverlaps(found)) {
      if (span.start >= sure) continue
      this.#spans.push(span)
      last = span.end
    }
    return last
  }

  #decide(text: string, isEnd: boolean): Decided {
    this.#spans = []
    const decided = readClusters(text, isEnd, this)
    this.#held = text.slice(decided)
    const passed = text.slice(0, decided)
    this.#before = (this.#before + passed).slice(-CONTEXT)
    return { text: passed, spans: this.#spans }
  }
}

/** The longest first, then the one with the stronger proof, then the first: ascending, none overlaps another. */
function withoutOverlaps(found: Span[]): readonly Span[] {
  if (found.length < 2) return found
  const rank = (kind: string) => PRIORITY.indexOf(kind as PiiKind)
  const chosen: Span[] = []
  found.sort(
    (a, b) => b.end - b.start - (a.end - a.start) || rank(a.kind) - rank(b.kind) || a.start - b.start,
  )
  for (const span of found) {
    if (chosen.every(({ start, end }) => span.end <= start || end <= span.start)) chosen.push(span)
  }
  return chosen.sort((a, b) => a.start - b.start)
}
