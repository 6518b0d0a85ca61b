import { ManualClock } from '@atp/core/clock'
import { AtpError } from '@atp/core/errors'
import type { ArmId } from '@atp/core/ids'
import type { AdapterRegistry } from '@atp/domain/adapter'
import type { Arm } from '@atp/domain/routing'
import { describe, expect, it } from 'vitest'
import type { Walk } from '../src/corridor/exchange.ts'
import { Executor } from '../src/corridor/execute.ts'
import type { Reservation } from '../src/corridor/reservation.ts'
import type { Retries } from '../src/corridor/retries.ts'
import type { Settler } from '../src/corridor/settle.ts'

const arm = { id: 'up/small' as ArmId, adapterId: 'up' } as Arm

/** A client that goes while its call is admitted. */
async function leave(reason?: AtpError) {
  const leaving = new AbortController()
  const settled: unknown[] = []
  const reservation: Reservation = {
    id: null,
    outputLimit: null,
    settle: async usage => void settled.push(usage),
  }
  const calls: string[] = []
  const executor = new Executor({
    registry: { arm: () => arm, begin: (id: ArmId) => void calls.push(id) } as unknown as AdapterRegistry,
    admitter: {
      admit: async () => {
        leaving.abort(reason)
        return reservation
      },
    },
    retries: { giveBack: () => undefined } as unknown as Retries,
    hedging: null,
    settler: {} as Settler,
    clock: new ManualClock(),
    maxAttempts: 3,
  })
  const candidates = ['up/small', 'up/large'].map(id => ({ arm: id, excluded: null }))
  const walk = { exchange: { signal: leaving.signal }, plan: { candidates }, settling: [] }
  const error: AtpError = await executor
    .firstToAnswer(walk as unknown as Walk, async () => 'never')
    .then(
      () => expect.unreachable(),
      thrown => thrown,
    )
  await Promise.all(walk.settling)
  return { calls, settled, code: error.code }
}

describe('a client that leaves while its call is admitted', () => {
  it('has nothing sent for it, and pays nothing', async () => {
    expect(await leave()).toEqual({ calls: [], settled: [null], code: 'client_closed_request' })
  })

  it('hears why where it was we who gave up', async () => {
    expect((await leave(new AtpError('upstream_timeout', { detail: 'too late' }))).code).toBe(
      'upstream_timeout',
    )
  })
})
