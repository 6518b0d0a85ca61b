import type { DecisionId } from '@atp/core/ids'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RecentDecisions } from '../../src/observation/index.ts'
import { decisionOf } from './observations.ts'

const nothingStored = { find: async () => null }
const find = (recent: RecentDecisions, id: string) => recent.find(id as DecisionId)

describe('the recent decisions', () => {
  it('come before those that are stored', async () => {
    const recent = new RecentDecisions({ find: async id => decisionOf(id, true) })
    recent.remember(decisionOf('d'))
    expect(await find(recent, 'd')).toMatchObject({ id: 'd', pinned: false })
    expect(await find(recent, 'e')).toMatchObject({ id: 'e', pinned: true })
  })

  it('keep what feedback needs, and not the candidates', async () => {
    const recent = new RecentDecisions(nothingStored)
    recent.remember(decisionOf('d'))
    const { id, tenant, task, arm, pinned, features, signal, at } = decisionOf('d')
    expect(await find(recent, 'd')).toEqual({ id, tenant, task, arm, pinned, features, signal, at })
  })

  it('are bounded, and the later half of the bound is always there', async () => {
    const sizes = fc.integer({ min: 2, max: 20 })
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(100), async (capacity, count) => {
        const recent = new RecentDecisions(nothingStored, capacity)
        for (let made = 0; made < count; made += 1) {
          recent.remember(decisionOf(`${made}`))
          expect(recent.size).toBeLessThanOrEqual(capacity)
        }
        for (let age = 0; age < Math.min(Math.floor(capacity / 2), count); age += 1) {
          expect(await find(recent, `${count - 1 - age}`)).not.toBeNull()
        }
      }),
    )
  })
})
