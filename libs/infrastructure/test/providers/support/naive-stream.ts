/**
 * What ought to become of a stream, the naive way: the whole of it as text, line by line and event by event, every event decoded. It shares
 * nothing with the code under test but the tokenizer.
 */
import { countTokens } from '@atp/infrastructure/providers'

export interface Expected {
  /** Null where nothing was said before it failed, and what the failure is called. */
  readonly failure: 'failed' | 'malformed' | 'cut' | null
  readonly isOpened: boolean
  /** What passes. */
  readonly bytes: Buffer
  readonly complete: boolean
  readonly finishReason: string | null
  readonly inputTokens: number | null
  readonly outputTokens: number | null
  /** By the tokenizer, of all that passed. */
  readonly delivered: number
}

interface Event {
  readonly bytes: Buffer
  readonly name: string
  readonly data: string | null
  /** Whether its empty line has come. */
  readonly isWhole: boolean
}

export function expectedOf(raw: Buffer, ends: 'well' | 'cut', dropUsage: boolean): Expected {
  const events = eventsOf(raw).filter(({ isWhole }) => isWhole || ends === 'well')
  const opening = openingOf(events)
  if (opening !== 'content') {
    const failure = opening === 'nothing' ? (ends === 'cut' ? 'failed' : 'malformed') : opening
    return { ...NOTHING, failure }
  }
  const jsons = events.map(({ data }) => jsonOf(data)).filter(json => json !== null)
  const isDone = events.some(({ data }) => data?.trim() === '[DONE]')
  const isBroken =
    events.some(({ name }) => name === 'error') || jsons.some(({ error }) => (error ?? null) !== null)
  const finishReason = jsons.map(json => choicesOf(json)[0]?.finish_reason || null).findLast(isSaid) ?? null
  const usages = jsons.map(({ usage }) => usage).filter(usage => typeof usage === 'object' && usage !== null)
  return {
    isOpened: true,
    failure: ends === 'cut' && !isDone ? 'cut' : null,
    bytes: Buffer.concat(
      events.filter(event => !(dropUsage && isOnlyUsage(event))).map(({ bytes }) => bytes),
    ),
    complete: (isDone || finishReason !== null) && !isBroken,
    finishReason,
    inputTokens: usages.map(usage => countOf(usage.prompt_tokens)).findLast(isSaid) ?? null,
    outputTokens: usages.map(usage => countOf(usage.completion_tokens)).findLast(isSaid) ?? null,
    delivered: countTokens(jsons.flatMap(json => choicesOf(json).map(textOf)).join('')),
  }
}

const isSaid = <T>(value: T | null): value is T => value !== null
const choicesOf = (json: Json): Json[] => (Array.isArray(json.choices) ? json.choices : [])
const textOf = ({ delta }: Json): string => `${delta?.content ?? ''}${delta?.reasoning_content ?? ''}`

function isOnlyUsage({ data }: Event): boolean {
  const { choices, usage } = jsonOf(data) ?? {}
  return typeof usage === 'object' && usage !== null && Array.isArray(choices) && choices.length === 0
}

const NOTHING = {
  isOpened: false,
  bytes: Buffer.alloc(0),
  complete: false,
  finishReason: null,
  inputTokens: null,
  outputTokens: null,
  delivered: 0,
}

// biome-ignore lint/suspicious/noExplicitAny: it reads whatever there is, as a naive client would.
type Json = any

function openingOf(events: readonly Event[]): 'content' | 'failed' | 'malformed' | 'nothing' {
  for (const { name, data } of events) {
    if (data === null || data.trim() === '') continue
    const json = jsonOf(data)
    if (name === 'error' || (json?.error ?? null) !== null) return 'failed'
    if (data.trim() === '[DONE]') return 'content'
    if (json === null) return 'malformed'
    for (const { delta = {}, finish_reason } of choicesOf(json)) {
      if (
        finish_reason ||
        delta.content ||
        delta.reasoning_content ||
        delta.refusal ||
        delta.tool_calls?.length > 0
      ) {
        return 'content'
      }
    }
  }
  return 'nothing'
}

function jsonOf(data: string | null): Json | null {
  try {
    const value = JSON.parse(data ?? '')
    return typeof value === 'object' && !Array.isArray(value) ? value : null
  } catch {
    return null
  }
}

const countOf = (value: unknown): number | null =>
  Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : null

/** One byte a character, so that what is cut is bytes. */
function eventsOf(raw: Buffer): Event[] {
  const events: Event[] = []
  let lines: string[] = []
  for (const [line] of raw.toString('latin1').matchAll(/[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$/g)) {
    lines.push(line)
    if (!/^[\r\n]/.test(line)) continue
    events.push(eventOf(lines, true))
    lines = []
  }
  if (lines.length > 0) events.push(eventOf(lines, false))
  return events
}

function eventOf(lines: readonly string[], isWhole: boolean): Event {
  const bytes = Buffer.from(lines.join(''), 'latin1')
  let name = ''
  const data: string[] = []
  for (const line of lines) {
    const text = Buffer.from(line, 'latin1')
      .toString()
      .replace(/^\uFEFF/, '')
      .replace(/[\r\n]+$/, '')
    const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(text) ?? []
    if (field === 'event') name = value
    if (field === 'data') data.push(value)
  }
  return { bytes, name, data: data.length === 0 ? null : data.join('\n'), isWhole }
}
