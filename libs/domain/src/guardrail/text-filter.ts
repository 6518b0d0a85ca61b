/** Passes one text through a guardrail, as it comes: reported, masked, or stopped. */
import { blocked } from './blocked.ts'
import type { Findings } from './findings.ts'
import type { Decided, Direction, Reading, Span, TextGuard } from './guardrail.ts'
import { findMeant, MeantReading } from './json-escapes.ts'
import { JsonStrings } from './json-strings.ts'

export interface TextFilter {
  /** @throws {AtpError} where a guardrail blocks what was found; nothing of it has been returned */
  push(text: string): string
  end(): string
}

export interface Place {
  readonly direction: Direction
  /** The field's path. */
  readonly where: string
  /** Whether the text is known to be JSON, which must stay so: a number is then replaced by a string. */
  readonly isJson: boolean
}

/** All guardrails in order: each sees what the one before let pass. */
export function filterOf(guards: readonly TextGuard[], place: Place, findings: Findings): TextFilter {
  const filters = guards.map(
    guard =>
      new GuardFilter(guard, new MeantReading(guard.detector.reading(), place.isJson), place, findings),
  )
  const [only] = filters
  return filters.length === 1 && only !== undefined ? only : new FilterChain(filters)
}

/** The same for a text that is there as a whole. */
export function filterWhole(
  guards: readonly TextGuard[],
  place: Place,
  findings: Findings,
  text: string,
): string {
  let passed = text
  for (const guard of guards) {
    const spans = findMeant(guard.detector, passed, place.isJson)
    if (spans.length === 0) continue
    passed = new GuardFilter(guard, null, place, findings).pass({ text: passed, spans })
  }
  return passed
}

class GuardFilter implements TextFilter {
  readonly #guard: TextGuard
  readonly #reading: Reading | null
  readonly #place: Place
  readonly #findings: Findings
  readonly #json: JsonStrings | null

  constructor(guard: TextGuard, reading: Reading | null, place: Place, findings: Findings) {
    this.#guard = guard
    this.#reading = reading
    this.#place = place
    this.#findings = findings
    this.#json = guard.mode === 'mask' ? new JsonStrings(place.isJson) : null
  }

  push(text: string): string {
    const passed = this.pass((this.#reading as Reading).push(text))
    // What is only reported is not held back.
    return this.#guard.mode === 'report' ? text : passed
  }

  end(): string {
    const passed = this.pass((this.#reading as Reading).end())
    return this.#guard.mode === 'report' ? '' : passed
  }

  pass({ text, spans }: Decided): string {
    const { name: guardrail, mode: action, detector } = this.#guard
    let passed = ''
    let from = 0
    for (const span of spans) {
      this.#findings.add({ guardrail, kind: span.kind, action })
      if (action === 'block') throw this.#blocked(span)
      if (action === 'report') continue
      const before = text.slice(from, span.start)
      this.#json?.read(before)
      const placeholder = detector.placeholder(span.kind)
      passed += before + (this.#json?.wantsQuotes ? `"${placeholder}"` : placeholder)
      this.#json?.skip()
      from = span.end
    }
    const rest = from === 0 ? text : text.slice(from)
    this.#json?.read(rest)
    return passed + rest
  }

  #blocked({ kind }: Span) {
    const { name: guardrail } = this.#guard
    const { direction, where } = this.#place
    return blocked(direction, {
      guardrail,
      kind,
      where,
      found: `a text of the kind ${kind}`,
      allowed: 'none of that kind',
    })
  }
}

class FilterChain implements TextFilter {
  readonly #filters: readonly TextFilter[]

  constructor(filters: readonly TextFilter[]) {
    this.#filters = filters
  }

  push(text: string): string {
    let passed = text
    for (const filter of this.#filters) passed = filter.push(passed)
    return passed
  }

  end(): string {
    let passed = ''
    for (const filter of this.#filters) passed = filter.push(passed) + filter.end()
    return passed
  }
}
