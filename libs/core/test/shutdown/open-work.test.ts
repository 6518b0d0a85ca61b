import { describe, expect, it } from 'vitest'
import { OpenWork } from '../../src/shutdown/open-work.ts'

function setUp() {
  const work = new OpenWork()
  const calls: string[] = []
  const open = (name: string) =>
    work.track(name, {
      drain: () => calls.push(`drain ${name}`),
      end: reason => calls.push(`end ${name}: ${reason}`),
      cut: () => calls.push(`cut ${name}`),
    })
  const isIdle = async () => {
    let idle = false
    void work.idle().then(() => {
      idle = true
    })
    await Promise.resolve()
    return idle
  }
  return { work, calls, open, isIdle }
}

describe('open work', () => {
  it('knows what is open', () => {
    const { work, open } = setUp()
    const done = open('a')
    open('b')
    expect([work.size, work.names]).toEqual([2, ['a', 'b']])
    done()
    done()
    expect([work.size, work.names]).toEqual([1, ['b']])
  })

  it('keeps two pieces of one name apart', () => {
    const { work, open } = setUp()
    const done = open('a')
    open('a')
    done()
    expect(work.names).toEqual(['a'])
  })

  it('is idle at once where nothing is open', async () => {
    await setUp().work.idle()
  })

  it('is idle when the last piece is done, not before, and tells everybody who waits', async () => {
    const { work, open, isIdle } = setUp()
    const ends = [open('a'), open('b')]
    const both = Promise.all([work.idle(), work.idle()])
    ends[0]?.()
    expect(await isIdle()).toBe(false)
    ends[1]?.()
    await both
    expect(await isIdle()).toBe(true)
  })

  it('tells of the stop once: what is open at once, what comes later when it comes', () => {
    const { work, calls, open } = setUp()
    open('a')
    open('done')()
    expect(calls).toEqual([])
    work.drain()
    work.drain()
    expect(calls).toEqual(['drain a'])
    open('b')
    expect(calls).toEqual(['drain a', 'drain b'])
  })

  it('ends what is open, names it, and does not end it twice', () => {
    const { work, calls, open } = setUp()
    open('a')
    open('done')()
    expect(work.end('it stops')).toEqual(['a'])
    open('b')
    expect(work.end('it stops')).toEqual(['b'])
    expect(calls).toEqual(['end a: it stops', 'end b: it stops'])
    expect(work.names).toEqual(['a', 'b'])
  })

  it('cuts what is left, names it, and is idle then', async () => {
    const { work, calls, open } = setUp()
    open('a')
    const done = open('b')
    const idle = work.idle()
    work.end('it stops')
    done()
    expect(work.cut()).toEqual(['a'])
    expect(calls.slice(2)).toEqual(['cut a'])
    await idle
    expect(work.cut()).toEqual([])
  })

  it('takes a piece that is done in the middle of its own ending', () => {
    const { work, calls } = setUp()
    const dones = ['a', 'b'].map(name => {
      const close = work.track(name, {
        drain: () => close(),
        end: () => calls.push(`end ${name}`),
        cut: () => calls.push(`cut ${name}`),
      })
      return close
    })
    expect(dones).toHaveLength(2)
    work.drain()
    expect(work.size).toBe(0)
    expect(work.cut()).toEqual([])
    expect(calls).toEqual([])
  })

  it.each(['drain', 'end', 'cut'] as const)('gives all their turn where one throws in its %s', control => {
    const { work, calls, open } = setUp()
    const broken = () => {
      throw new Error('broken')
    }
    work.track('broken', { cut: () => {}, [control]: broken })
    open('a')
    work.drain()
    expect(work.end('it stops')).toEqual(['broken', 'a'])
    expect(work.cut()).toEqual(['broken', 'a'])
    expect(calls).toEqual(['drain a', 'end a: it stops', 'cut a'])
  })

  it('takes a piece without a polite end', () => {
    const { work } = setUp()
    work.track('a', { cut: () => {} })
    work.drain()
    expect(work.end('it stops')).toEqual(['a'])
    expect(work.cut()).toEqual(['a'])
  })
})
