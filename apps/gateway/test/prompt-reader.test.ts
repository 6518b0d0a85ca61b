import { ManualClock } from '@atp/core/clock'
import type { ArmId } from '@atp/core/ids'
import { BREAKER_DEFAULTS, CircuitBreaker, UpstreamError } from '@atp/domain/adapter'
import { EMBEDDED_PROMPT_FEATURES, featuresOf, withEmbedding } from '@atp/domain/routing'
import { PROMPT_FEATURES, typescriptNative } from '@atp/native'
import { describe, expect, it, vi } from 'vitest'
import { PromptReader } from '../src/corridor/prompt-reader.ts'

const PROMPT = 'Which flowers stand the frost?'
const FEATURES = featuresOf(PROMPT, typescriptNative)
const VECTOR = Float64Array.of(1, -2, 3)
const signal = new AbortController().signal

const asking = (content: string, model = 'auto') => ({
  model: model as ArmId,
  messages: [{ role: 'user', content }],
})

function readerWith(embed: () => Promise<Float64Array>) {
  const clock = new ManualClock()
  const outcomes: string[] = []
  const embedder = { embed: vi.fn(embed), close: async () => {} }
  const breaker = new CircuitBreaker({ ...BREAKER_DEFAULTS, failureThreshold: 2, cooldownMs: 1_000 })
  const metrics = { embedded: (outcome: string) => void outcomes.push(outcome) }
  const reader = new PromptReader(typescriptNative, { embedder, breaker, metrics, clock })
  return { reader, embedder, outcomes, clock }
}

const failing = (failure: UpstreamError['failure']) => () =>
  Promise.reject(new UpstreamError(failure, 'it did not work'))

describe('the reader of prompts', () => {
  it('without an embedder gives the features of shape and words', async () => {
    const features = await new PromptReader(typescriptNative, null).read(asking(PROMPT), signal)
    expect(features).toEqual(FEATURES)
    expect(features).toHaveLength(PROMPT_FEATURES)
  })

  it('adds what the embedder says of the text', async () => {
    const { reader, embedder, outcomes } = readerWith(async () => VECTOR)
    expect(await reader.read(asking(PROMPT), signal)).toEqual(withEmbedding(FEATURES, VECTOR))
    expect(embedder.embed).toHaveBeenCalledExactlyOnceWith(PROMPT, signal)
    expect(outcomes).toEqual(['success'])
  })

  it.each(['timeout', 'failed', 'malformed', 'rate_limited', 'cancelled', 'rejected'] as const)(
    'has features of 0, and counts it, where the embedder fails: %s',
    async failure => {
      const { reader, outcomes } = readerWith(failing(failure))
      const features = await reader.read(asking(PROMPT), signal)
      expect(features).toHaveLength(EMBEDDED_PROMPT_FEATURES)
      expect(features).toEqual(withEmbedding(FEATURES, null))
      expect(outcomes).toEqual([failure])
    },
  )

  it.each([
    ['a named model', asking(PROMPT, 'up/a')],
    ['no text', asking('')],
  ])('asks for no embedding of %s', async (_what, body) => {
    const { reader, embedder, outcomes } = readerWith(async () => VECTOR)
    expect(await reader.read(body, signal)).toHaveLength(EMBEDDED_PROMPT_FEATURES)
    expect(embedder.embed).not.toHaveBeenCalled()
    expect(outcomes).toEqual([])
  })

  it('leaves an embedder that fails alone for a while: not every request waits for it', async () => {
    const { reader, embedder, outcomes, clock } = readerWith(failing('timeout'))
    for (let n = 0; n < 4; n += 1) await reader.read(asking(PROMPT), signal)
    expect(outcomes).toEqual(['timeout', 'timeout', 'skipped', 'skipped'])
    clock.advance(1_000)
    embedder.embed.mockResolvedValueOnce(VECTOR)
    expect(await reader.read(asking(PROMPT), signal)).toEqual(withEmbedding(FEATURES, VECTOR))
  })

  it('takes a client that leaves, or a prompt that is refused, for no failure of the embedder', async () => {
    for (const failure of ['cancelled', 'rejected'] as const) {
      const { reader, outcomes } = readerWith(failing(failure))
      for (let n = 0; n < 4; n += 1) await reader.read(asking(PROMPT), signal)
      expect(outcomes).toEqual(Array(4).fill(failure))
    }
  })
})
