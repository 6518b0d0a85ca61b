import { describe, expect, it } from 'vitest'
import { armOf, requestOf, routingOver } from './catalogue.ts'

const arms = [armOf('small'), armOf('large')]

describe("a tenant's models", () => {
  it.each([[['small']], [['up/small']]])('are the only candidates, by name or id: %j', permitted => {
    const { router } = routingOver(arms)
    for (let seed = 0; seed < 50; seed++) {
      const [first, second] = router.plan(requestOf({ permitted, seed: `${seed}` })).candidates
      expect(first).toMatchObject({ arm: 'up/small', excluded: null })
      expect(second?.excluded).toMatchObject([{ reason: 'not_permitted' }])
    }
  })

  it('are all that can be named: the others are as unknown as those that are nowhere', () => {
    const { router } = routingOver(arms)
    expect(router.plan(requestOf({ permitted: ['small'], model: 'small' })).pinned).toBe(true)
    const refusal = (model: string) => {
      try {
        router.plan(requestOf({ permitted: ['small'], model }))
      } catch (error) {
        return error as { code: string; problems: readonly { allowed: string }[] }
      }
      throw new Error('it was planned')
    }
    for (const model of ['large', 'up/large', 'nowhere']) {
      expect(refusal(model).code).toBe('unknown_model')
      expect(refusal(model).problems[0]?.allowed).toBe('auto, or one of up/small')
    }
  })
})
