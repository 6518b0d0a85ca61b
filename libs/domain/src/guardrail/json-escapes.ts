/**
 * JSON writes some characters as escapes: behind `\n` nothing looks like the beginning of a word, and half of `\u00fc` looks like one. What is looked for
 * is looked for in the characters meant; where it was found is told in the text as it came, and never within an escape.
 */
import type { Decided, Detector, Reading, Span } from './guardrail.ts'

/** @param isJson whether that is known; otherwise a text is JSON that begins with a brace or a bracket */
export function findMeant(detector: Detector, text: string, isJson: boolean): readonly Span[] {
  if (!text.includes('\\') || !(isJson || beginsAsJson(text))) return detector.find(text)
  const escapes = new Escapes()
  return escapes.placed(detector.find(escapes.read(text, true)))
}

/** The same for a text that comes in parts. */
export class MeantReading implements Reading {
  readonly #reading: Reading
  readonly #escapes = new Escapes()
  /** Null until the first character has told. */
  #isJson: boolean | null
  /** As it came, as far as it is not decided. */
  #held = ''

  constructor(reading: Reading, isJson: boolean) {
    this.#reading = reading
    this.#isJson = isJson || null
  }

  push(text: string): Decided {
    this.#isJson ??= beginsAsJson(text)
    if (this.#isJson === false) return this.#reading.push(text)
    this.#held += text
    return this.#asItCame(this.#reading.push(this.#escapes.read(text, false)))
  }

  end(): Decided {
    if (this.#isJson === false) return this.#reading.end()
    const cut = this.#escapes.read('', true)
    const first = this.#asItCame(this.#reading.push(cut))
    const last = this.#asItCame(this.#reading.end())
    const { length } = first.text
    const moved = last.spans.map(({ start, end, kind }) => ({
      start: start + length,
      end: end + length,
      kind,
    }))
    return { text: first.text + last.text, spans: [...first.spans, ...moved] }
  }

  #asItCame({ text, spans }: Decided): Decided {
    const placed = this.#escapes.placed(spans)
    const end = this.#escapes.take(text.length)
    const came = this.#held.slice(0, end)
    this.#held = this.#held.slice(end)
    return { text: came, spans: placed }
  }
}

/** A placeholder's bracket costs nothing here: what is no escape means itself. Null where nothing tells yet. */
function beginsAsJson(text: string): boolean | null {
  const first = text.trimStart()[0]
  return first === undefined ? null : first === '{' || first === '['
}

interface Escape {
  /** Among the characters that are not taken yet. */
  readonly at: number
  /** Code units that it has beyond the one that it means. */
  readonly more: number
}

class Escapes {
  #escapes: Escape[] = []
  /** Code units read, and not taken. */
  #length = 0
  /** The beginning of an escape. */
  #cut = ''

  /** @returns the characters meant */
  read(part: string, isEnd: boolean): string {
    const text = this.#cut + part
    this.#cut = ''
    let meant = ''
    let from = 0
    for (let at = text.indexOf('\\'); at >= 0; at = text.indexOf('\\', from)) {
      const found = ESCAPE.exec(text.slice(at, at + LONGEST))
      if (found === null && !isEnd && text.length - at < LONGEST) {
        this.#cut = text.slice(at)
        meant += text.slice(from, at)
        from = text.length
        break
      }
      // What is no escape means itself.
      const [written, code, letter = ''] = found ?? ['\\', undefined, '\\']
      meant += text.slice(from, at)
      this.#escapes.push({ at: this.#length + meant.length, more: written.length - 1 })
      meant += code === undefined ? (MEANT[letter] ?? letter) : String.fromCharCode(Number.parseInt(code, 16))
      from = at + written.length
    }
    meant += text.slice(from)
    this.#length += meant.length
    return meant
  }

  placed(spans: readonly Span[]): readonly Span[] {
    if (this.#escapes.length === 0) return spans
    const placeOf = this.#places()
    return spans.map(({ start, end, kind }) => ({ start: placeOf(start), end: placeOf(end), kind }))
  }

  /** @returns how many code units so many characters meant are in the text as it came */
  take(length: number): number {
    const place = this.#places()(length)
    this.#length -= length
    this.#escapes = this.#escapes.flatMap(({ at, more }) => (at < length ? [] : [{ at: at - length, more }]))
    return place
  }

  /** Of offsets that ascend: each escape is passed once. */
  #places(): (offset: number) => number {
    let next = 0
    let more = 0
    return offset => {
      for (let passed = this.#escapes[next]; passed !== undefined && passed.at < offset; ) {
        more += passed.more
        next += 1
        passed = this.#escapes[next]
      }
      return offset + more
    }
  }
}

/** RFC 8259, section 7. Null is an escape that goes on, or text that is no JSON. */
const ESCAPE = /^\\(?:u([0-9A-Fa-f]{4})|(["\\/bfnrt]))/
const LONGEST = String.raw`\u0000`.length
const MEANT: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }
