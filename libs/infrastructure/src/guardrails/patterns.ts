/**
 * What an operator's patterns match. RE2 reads each text once, whatever the pattern: no prompt can make it hang. In an answer, which comes in parts, a
 * match counts up to a length that the operator names; blocks at fixed places make the same of it however it comes.
 */
import { AtpError } from '@atp/core/errors'
import type { Decided, Detector, Reading, Span } from '@atp/domain/guardrail'
import { type Matcher, RE2JS } from 're2js'

export interface PatternRule {
  /** What it is called in errors, metrics and placeholders. */
  readonly name: string
  /** In RE2's syntax: without backreferences and without lookaround. */
  readonly pattern: string
}

export interface PatternsOptions {
  readonly rules: readonly PatternRule[]
  /** UTF-16 code units of an answer that a match may span: so many, and up to as many again, are held back. */
  readonly span: number
}

/** @throws {AtpError} `invalid_config` where RE2 does not know a pattern */
export function createPatternDetector({ rules, span }: PatternsOptions): Detector {
  return new PatternDetector(
    rules.map(({ name, pattern }, at) => ({ kind: name, regex: compiled(pattern, at) })),
    span,
  )
}

interface CompiledRule {
  readonly kind: string
  readonly regex: RE2JS
}

class PatternDetector implements Detector {
  readonly #rules: readonly CompiledRule[]
  readonly #span: number

  constructor(rules: readonly CompiledRule[], span: number) {
    this.#rules = rules
    this.#span = span
  }

  find(text: string): readonly Span[] {
    return matchesIn(this.#rules, text, 0)
  }

  reading(): Reading {
    return new PatternReading(this.#rules, this.#span)
  }

  placeholder(kind: string): string {
    return `[${kind.toUpperCase()}]`
  }
}

class PatternReading implements Reading {
  readonly #rules: readonly CompiledRule[]
  readonly #span: number
  /** The character before what is held: `^` and `\b` look at it. */
  #before = ''
  #held = ''

  constructor(rules: readonly CompiledRule[], span: number) {
    this.#rules = rules
    this.#span = span
  }

  push(text: string): Decided {
    this.#held += text
    return this.#blocks()
  }

  end(): Decided {
    const blocks = this.#blocks()
    return joined(blocks, this.#take(this.#held.length, this.#held.length))
  }

  /** Decides block after block, as long as there is as much text as one is decided by. */
  #blocks(): Decided {
    let all: Decided = { text: '', spans: [] }
    while (this.#held.length >= 2 * this.#span) all = joined(all, this.#take(this.#span, 2 * this.#span))
    return all
  }

  /** @param sure what begins before it counts @param seen how much is looked at */
  #take(sure: number, seen: number): Decided {
    const offset = this.#before.length
    const found = matchesIn(this.#rules, this.#before + this.#held.slice(0, seen), offset)
    const spans = found.filter(({ start }) => start < sure)
    const end = wholeCharacters(this.#held, Math.max(sure, spans.at(-1)?.end ?? 0))
    const text = this.#held.slice(0, end)
    this.#held = this.#held.slice(end)
    this.#before = text === '' ? this.#before : text.slice(-1)
    return { text, spans }
  }
}

/** Not between the halves of a surrogate pair: not every client could read them. */
function wholeCharacters(text: string, end: number): number {
  return end > 0 && end < text.length && (text.codePointAt(end - 1) as number) > 0xffff ? end + 1 : end
}

function joined(first: Decided, second: Decided): Decided {
  if (first.text === '') return second
  const { length } = first.text
  const moved = second.spans.map(({ start, end, kind }) => ({
    start: start + length,
    end: end + length,
    kind,
  }))
  return { text: first.text + second.text, spans: [...first.spans, ...moved] }
}

/** Ascending, without overlaps: the first counts, of two that begin together the longer one. @param from where in `text` offsets begin */
function matchesIn(rules: readonly CompiledRule[], text: string, from: number): Span[] {
  const found: Span[] = []
  for (const { kind, regex } of rules) {
    const matcher: Matcher = regex.matcher(text)
    while (matcher.find()) {
      const [start, end] = [matcher.start() - from, matcher.end() - from]
      if (end > start && start >= 0) found.push({ start, end, kind })
    }
  }
  if (found.length < 2) return found
  found.sort((a, b) => a.start - b.start || b.end - a.end)
  let last = 0
  return found.filter(({ start, end }) => {
    if (start < last) return false
    last = end
    return true
  })
}

function compiled(pattern: string, at: number): RE2JS {
  try {
    return RE2JS.compile(pattern)
  } catch (cause) {
    throw new AtpError('invalid_config', {
      detail: `guardrails.patterns.rules[${at}].pattern is no expression of RE2`,
      problems: [
        {
          field: `guardrails.patterns.rules[${at}].pattern`,
          found: JSON.stringify(pattern),
          allowed: 'an expression of RE2, without backreferences and without lookaround',
        },
      ],
      cause,
    })
  }
}
