import { setImmediate as turn } from 'node:timers/promises'
import type { Admission } from '@atp/domain/limit'
import type { Parts } from '@atp/domain/replication'
import { typescriptNative } from '@atp/native'
import { describe, expect, it } from 'vitest'
import type { PrimaryCalls } from '../../src/workers/messages.ts'
import { ownedPorts, remotePorts, type SharedPorts, servePorts } from '../../src/workers/shared-ports.ts'
import { type Batch, type Channel, Wire } from '../../src/workers/wire.ts'

/** Ports in a primary, as so many workers have them: each over a wire of its own that copies what it carries, a turn later. */
function portsOf(workers: number): SharedPorts[] {
  const port = servePorts(ownedPorts(() => 1_700_000_000_000_000, typescriptNative))
  return Array.from({ length: workers }, () => {
    const listeners: ((batch: Batch) => void)[][] = [[], []]
    const channel = (own: number): Channel => ({
      send: batch => {
        const copy = structuredClone(batch)
        void turn().then(() => {
          for (const listener of listeners[1 - own] ?? []) listener(copy)
        })
      },
      onBatch: listener => listeners[own]?.push(listener),
      onClosed: () => undefined,
    })
    new Wire(channel(0), { port })
    const wire = new Wire<PrimaryCalls>(channel(1), {})
    return remotePorts(call => wire.ask('port', call))
  })
}

const admission = (reservation: string): Admission => ({
  tenant: 't',
  reservation,
  limits: [{ id: 'rpm', kind: 'sliding', counts: 'requests', windowUs: 60_000_000, amount: 10 }],
  estimate: { tokens: 0, cost: 0 },
  requests: 1,
  leaseMs: 60_000,
})

describe('ports in the primary', () => {
  it('decide limits of all workers together: exactly so many are admitted', async () => {
    const workers = portsOf(4)
    const asked = Array.from({ length: 40 }, (_, at) => workers[at % 4]?.limiter.admit(admission(`r${at}`)))
    const kinds = (await Promise.all(asked)).map(verdict => verdict?.kind)
    expect(kinds.filter(kind => kind === 'admitted')).toHaveLength(10)
    expect(kinds.filter(kind => kind === 'denied')).toHaveLength(30)
  })

  it('have a worker settle what another one reserved', async () => {
    const [one, other] = portsOf(2) as [SharedPorts, SharedPorts]
    const tokens = {
      id: 'tpm',
      kind: 'sliding',
      counts: 'tokens',
      windowUs: 60_000_000,
      amount: 100,
    } as const
    const asked = { ...admission('r'), limits: [tokens], estimate: { tokens: 80, cost: 0 } }
    expect(await one.limiter.admit(asked)).toMatchObject({ kind: 'admitted', levels: [{ reserved: 80 }] })
    expect(await other.limiter.settle('t', 'r', { tokens: 10, cost: 0 })).toBe('settled')
    expect(await other.limiter.settle('t', 'r', { tokens: 10, cost: 0 })).toBe('unknown')
  })

  it('throw as they would in one process', async () => {
    const [{ limiter }] = portsOf(1) as [SharedPorts]
    const bad = { ...admission('r'), estimate: { tokens: -1, cost: 0 } }
    await expect(limiter.admit(bad)).rejects.toMatchObject({ code: 'invalid_argument' })
  })

  it('add up what workers have learned', async () => {
    const [one, other] = portsOf(2) as [SharedPorts, SharedPorts]
    const parts = (figure: number): Parts =>
      new Map([
        [
          'quality',
          {
            halfLifeMs: Number.POSITIVE_INFINITY,
            at: 1_700_000_000_000,
            changes: 0,
            first: 0,
            most: Number.POSITIVE_INFINITY,
            figures: Float64Array.of(figure),
          },
        ],
      ])
    await one.sums.seed('arms', { replica: 'a', sequence: 3, instead: null, lineage: 'l', sum: parts(2) })
    await other.sums.add('arms', { replica: 'b', sequence: 1, told: 0, lineage: 'l', delta: parts(3) })
    const { sum, told } = await one.sums.read('arms', 'b')
    expect(told).toBe(1)
    expect(sum?.get('quality')?.figures).toEqual(Float64Array.of(5))
  })

  it('take no call of what is no method of a port', async () => {
    const serve = servePorts(ownedPorts(() => 0, typescriptNative))
    await expect(serve({ port: 'limiter', method: 'constructor', args: [] })).rejects.toThrow('no port has')
    await expect(serve({ port: 'other' as never, method: 'admit', args: [] })).rejects.toThrow('no port has')
  })
})
