import { describe, expect, it } from 'vitest'
import { armOf, requestOf, routingOver } from './catalogue.ts'

const embedder = armOf('embedder', { capabilities: new Set(['embeddings']), contextWindow: 10 })
const chat = armOf('chat')

/** Of texts that come to 400 bytes. */
const embedding = (model: string) =>
  requestOf({ model, required: ['embeddings'], maxOutputTokens: 0, strategy: 'greedy' })

describe('a model that embeds', () => {
  it('is no candidate for a chat, routed or pinned', () => {
    const { router } = routingOver([embedder, chat])
    for (const model of ['auto', 'embedder']) {
      const plan = router.plan(requestOf({ model }))
      expect(plan.candidates.find(({ arm }) => arm === embedder.id)?.excluded).toEqual([
        { reason: 'missing_capability', detail: 'is an embedding model: it answers no chats' },
      ])
    }
  })

  it('is one for texts, which have its window each and write nothing', () => {
    const { router } = routingOver([embedder, chat])
    const [first, second] = router.plan(embedding('embedder')).candidates
    expect(first).toMatchObject({ arm: embedder.id, excluded: null })
    expect(first?.estimate).toMatchObject({ outputTokens: 0, costUsd: 0.0001 })
    expect(second?.excluded).toEqual([{ reason: 'not_requested', detail: expect.any(String) }])
  })

  it('is the only kind that is', () => {
    const { router } = routingOver([embedder, chat])
    expect(router.plan(embedding('chat')).candidates.every(({ excluded }) => excluded !== null)).toBe(true)
  })
})
