import { AtpError } from '@atp/core/errors'
import { describe, expect, it } from 'vitest'
import { type Batch, type Channel, Wire } from '../../src/workers/wire.ts'

type Adder = {
  add(terms: readonly number[]): Promise<number>
  fail(body: null): never
  hang(body: null): Promise<void>
  refuse(body: null): never
}

/** Two ends in one process; `batches` is what went over. */
function pair() {
  const batches: Batch[] = []
  const closers: (() => void)[] = []
  const listeners: ((batch: Batch) => void)[][] = [[], []]
  const channel = (own: number): Channel => ({
    send(batch) {
      batches.push(structuredClone(batch))
      for (const listener of listeners[1 - own] ?? []) listener(structuredClone(batch))
    },
    onBatch: listener => listeners[own]?.push(listener),
    onClosed: listener => closers.push(listener),
  })
  const adder = {
    add: async (terms: readonly number[]) => terms.reduce((sum, term) => sum + term, 0),
    fail: () => {
      throw new Error('no')
    },
    refuse: () => {
      throw new AtpError('limits_unavailable', { detail: 'later' })
    },
    hang: () => new Promise<void>(() => {}),
  }
  const asking = new Wire<Adder>(channel(0), {})
  new Wire(channel(1), adder)
  return {
    asking,
    batches,
    close: () => {
      for (const closed of closers) closed()
    },
  }
}

describe('a wire', () => {
  it('answers calls, each with its own answer, and sends what is asked in one turn together', async () => {
    const { asking, batches } = pair()
    const sums = await Promise.all([
      asking.ask('add', [1, 2]),
      asking.ask('add', [3, 4]),
      asking.ask('add', []),
    ])
    expect(sums).toEqual([3, 7, 0])
    expect(batches.map(({ atp }) => atp.length)).toEqual([3, 3])
  })

  it('refuses with the words of the other end', async () => {
    const { asking } = pair()
    await expect(asking.ask('fail', null)).rejects.toThrow('no')
    await expect(
      new Wire<{ other(body: null): void }>(pairedWithNothing(), {}).ask('other', null, 1),
    ).rejects.toThrow('other was not answered within 1 ms')
  })

  it('keeps the code of an error that has one', async () => {
    const { asking } = pair()
    await expect(asking.ask('refuse', null)).rejects.toMatchObject({
      code: 'limits_unavailable',
      message: 'later',
    })
  })

  it('gives up a call that takes too long, and takes its late answer for nothing', async () => {
    const { asking } = pair()
    await expect(asking.ask('hang', null, 5)).rejects.toThrow('hang was not answered within 5 ms')
    expect(await asking.ask('add', [1])).toBe(1)
  })

  it('fails what waits, and what comes later, once the other end is gone', async () => {
    const { asking, close } = pair()
    const waiting = asking.ask('hang', null)
    close()
    await expect(waiting).rejects.toThrow('the other process is gone')
    await expect(asking.ask('add', [1])).rejects.toThrow('the other process is gone')
  })
})

function pairedWithNothing(): Channel {
  return { send: () => undefined, onBatch: () => undefined, onClosed: () => undefined }
}
