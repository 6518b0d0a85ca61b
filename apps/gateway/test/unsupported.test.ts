/** A request that some upstreams have no words for. */
import type { AtpError } from '@atp/core/errors'
import { UpstreamError } from '@atp/domain/adapter'
import { describe, expect, it } from 'vitest'
import { Execution, failed } from './support/execution.ts'

const PROBLEM = { field: 'seed', found: '7', allowed: 'nothing' }
const wordless = () =>
  new UpstreamError('unsupported', 'it cannot be asked for seed', { problems: [PROBLEM] })

describe('a request that an upstream has no words for', () => {
  it('goes to the next ones: no attempt counts, no retry is spent, no health suffers', async () => {
    const execution = new Execution({
      arms: ['a/one', 'b/one', 'c/one'],
      maxAttempts: 1,
      retries: { ratio: 0, minPerSecond: 0.1 },
    })
    const requests = 5
    for (let request = 0; request < requests; request++) {
      const walk = execution.walk()
      const reached = execution.run(walk)
      const first = 3 * request
      ;(await execution.call(first)).fail(wordless())
      ;(await execution.call(first + 1)).fail(wordless())
      ;(await execution.call(first + 2)).answer('hello')
      expect((await reached).answer).toBe('hello')
      expect(walk.attempts.map(({ arm, outcome, cost }) => ({ arm, outcome, cost }))).toEqual([
        { arm: 'a/one', outcome: 'rejected', cost: null },
        { arm: 'b/one', outcome: 'rejected', cost: null },
      ])
    }
    expect(execution.health('a')).toMatchObject({ circuit: 'closed', errorRate: null })
    expect(execution.billed.slice(0, 2)).toEqual([
      ['a/one', null],
      ['b/one', null],
    ])
  })

  it('and nobody else has either is the client to mend', async () => {
    const execution = new Execution({ arms: ['a/one', 'b/one'] })
    const reached = execution.run()
    ;(await execution.call(0)).fail(wordless())
    ;(await execution.call(1)).fail(wordless())
    const error: AtpError = await reached.then(
      () => expect.unreachable(),
      thrown => thrown,
    )
    expect(error).toMatchObject({ code: 'unsupported_by_models', status: 400, problems: [PROBLEM] })
  })

  it('and who else could be asked fails is the failure of who was asked', async () => {
    const execution = new Execution({ arms: ['a/one', 'b/one'] })
    const reached = execution.run()
    ;(await execution.call(0)).fail(wordless())
    ;(await execution.call(1)).fail(failed(503))
    await expect(reached).rejects.toMatchObject({ code: 'upstream_failed', problems: [] })
  })
})
