import { setImmediate } from 'node:timers/promises'
import { ManualClock } from '@atp/core/clock'
import type { KeyId } from '@atp/core/ids'
import { beforeEach, describe, expect, it } from 'vitest'
import type { PledgedCall } from '../../src/limits/call-book.ts'
import { Peers } from '../../src/limits/peers.ts'

const CALL: PledgedCall = { id: 'b1', key: 'key' as KeyId, arm: 'up/small' }
const patience = { timeout: 30_000 }

let clock: ManualClock
let listeners: ((message: unknown) => void)[]
let asked: number
let warnings: string[]
let a: Peers

beforeEach(() => {
  clock = new ManualClock()
  listeners = []
  asked = 0
  warnings = []
  a = peers('a', 'b', async () => [])
})

/** What one says all hear, as it is in JSON. */
function peers(self: string, other: string, declare: () => Promise<readonly PledgedCall[]>): Peers {
  const made = new Peers({
    channel: {
      listen: async hear => void listeners.push(hear),
      say: async message => {
        if ((message as { kind: string }).kind === 'asks') asked += 1
        for (const hear of listeners) hear(JSON.parse(JSON.stringify(message)))
      },
      close: () => undefined,
    },
    replicas: { others: [other] },
    self,
    floor: 1,
    declare,
    newId: () => 'round',
    now: () => clock.monotonic(),
    warn: message => warnings.push(message),
  })
  void made.start()
  return made
}

/** A second at a time, as long as it takes to ask again in between. */
async function pass(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    await setImmediate()
    const before = asked
    clock.advance(1_000)
    await expect.poll(() => asked, patience).toBeGreaterThan(before)
  }
}

describe('what other replicas have under way', () => {
  it('is waited for where one that lives needs long', async () => {
    const declared = Promise.withResolvers<readonly PledgedCall[]>()
    peers('b', 'a', () => declared.promise)
    const told = a.callsOf('acme')
    await pass(10)
    declared.resolve([CALL])
    expect(await told).toEqual([CALL])
    expect(warnings).toEqual([])
  })

  it('is not waited for where one says nothing for 5 s: it is taken for dead, and a warning says so', async () => {
    const told = a.callsOf('acme')
    await pass(5)
    clock.advance(1)
    expect(await told).toEqual([])
    expect(warnings).toHaveLength(1)
  })
})
