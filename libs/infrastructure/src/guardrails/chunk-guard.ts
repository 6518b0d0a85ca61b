/** Guards the texts in chunks of a chat completion, each across all chunks that have a part of it. */
import {
  type Findings,
  filterOf,
  replaceStrings,
  type TextFilter,
  type TextGuard,
} from '@atp/domain/guardrail'
import { type ChatAnswer, type ChatChoice, choicesOf } from '../providers/chat-completion.ts'
import { hides, withoutTokens } from './logprobs.ts'
import { placedAt } from './placed-at.ts'
import { readWhole } from './read-whole.ts'

/** Of one choice. */
interface OpenTexts {
  /** By the text's path within the delta. */
  readonly filters: Map<string, TextFilter>
}

export class ChunkGuard {
  readonly #guards: readonly TextGuard[]
  readonly #findings: Findings
  readonly #choices = new Map<number, OpenTexts>()
  /** What all chunks have in common, for one that we add. */
  #envelope: ChatAnswer = {}

  constructor(guards: readonly TextGuard[], findings: Findings) {
    this.#guards = guards
    this.#findings = findings
  }

  /** @returns the same chunk where nothing in it changes */
  pass(chunk: ChatAnswer): ChatAnswer {
    const plain = this.#aside(withoutTokens(chunk, this.#guards))
    const choices = choicesOf(plain)
    if (choices.length === 0) return plain
    const { usage, ...envelope } = plain
    this.#envelope = envelope
    const passed = choices.map(choice => this.#choice(withoutMessage(choice, this.#guards)))
    return passed.every((choice, at) => choice === choices[at]) ? plain : { ...plain, choices: passed }
  }

  /** What is held back of choices that never ended; empty where nothing is. */
  rest(): Buffer {
    const choices: ChatChoice[] = []
    for (const [index, open] of this.#choices) {
      const delta = flushed(open, {})
      if (delta !== null) choices.push({ index, delta, finish_reason: null })
    }
    this.#choices.clear()
    if (choices.length === 0) return Buffer.alloc(0)
    return Buffer.from(`data: ${JSON.stringify({ ...this.#envelope, choices })}\n\n`)
  }

  /** What stands beside the choices (sources, whatever a provider adds) is there as a whole. */
  #aside(chunk: ChatAnswer): ChatAnswer {
    const { choices, ...aside } = chunk
    const read = replaceStrings(aside, '', ({ text, path: where, isJson }) =>
      readWhole(this.#guards, { direction: 'output', where, isJson }, this.#findings, text),
    ) as ChatAnswer
    return read === aside ? chunk : { ...chunk, ...read }
  }

  #choice(choice: ChatChoice): ChatChoice {
    const index = typeof choice.index === 'number' ? choice.index : 0
    let open = this.#choices.get(index)
    if (open === undefined) {
      open = { filters: new Map() }
      this.#choices.set(index, open)
    }
    const { filters } = open
    let delta = replaceStrings(choice.delta, '', ({ text, path, isJson }) => {
      let filter = filters.get(path)
      if (filter === undefined) {
        const where = `choices[${index}].delta.${path}`
        filter = filterOf(this.#guards, { direction: 'output', where, isJson }, this.#findings)
        filters.set(path, filter)
      }
      return filter.push(text)
    }) as ChatChoice['delta']
    if (choice.finish_reason != null) {
      delta = flushed(open, delta ?? {}) ?? delta
      this.#choices.delete(index)
    }
    return delta === choice.delta ? choice : { ...choice, delta: delta ?? null }
  }
}

/** Some providers repeat in each chunk what was said so far: half of what is masked would be in it. */
function withoutMessage(choice: ChatChoice, guards: readonly TextGuard[]): ChatChoice {
  if (choice.message === undefined || !hides(guards)) return choice
  const { message, ...own } = choice
  return own
}

/** The delta with what was held back behind its own texts; null where nothing was. */
function flushed({ filters }: OpenTexts, delta: object): object | null {
  let whole: object | null = null
  for (const [path, filter] of filters) {
    const rest = filter.end()
    if (rest !== '') whole = placedAt(whole ?? delta, path, rest)
  }
  return whole
}
