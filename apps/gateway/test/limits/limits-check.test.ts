import { describe, expect, it } from 'vitest'
import { limitsCheck } from '../../src/limits/limits-check.ts'

const deciding = (decides: 'shared' | 'away' | 'returning') => ({ state: () => ({ decides, backlog: 3 }) })
const check = (decides: 'shared' | 'away' | 'returning', status: 'ready' | 'end', policy: string | null) =>
  limitsCheck(deciding(decides), { status }, { policy })

describe('the check of the shared limits', () => {
  it('is well while they decide', () => {
    expect(check('shared', 'ready', null)).toEqual({ status: 'ok', detail: null })
  })

  it('warns of a Redis that may evict them, and serves', () => {
    const { status, detail } = check('shared', 'ready', 'allkeys-lru')
    expect([status, detail]).toEqual(['ok', expect.stringContaining('allkeys-lru')])
  })

  it.each([
    ['away', 'ready'],
    ['returning', 'ready'],
    ['shared', 'end'],
  ] as const)('is degraded while they are %s, the connection %s', (decides, status) => {
    expect(check(decides, status, null)).toMatchObject({ status: 'degraded' })
  })
})
