import { describe, expect, it } from 'vitest'
import { EventQueue } from '../../../src/providers/sse/event-queue.ts'

class Source {
  readonly calls: string[] = []
  pause = () => void this.calls.push('pause')
  resume = () => void this.calls.push('resume')
  abandon = () => void this.calls.push('abandon')
}

const bytes = (length: number) => Buffer.alloc(length, 'x')

describe('EventQueue', () => {
  it('hands a block to a reader that waits, unchanged', async () => {
    const queue = new EventQueue(new Source())
    const next = queue.next()
    const block = bytes(3)
    queue.push(block)
    expect((await next).value).toBe(block)
  })

  it('hands all that waits to a reader that lagged, as one buffer', async () => {
    const queue = new EventQueue(new Source())
    queue.push(Buffer.from('a'))
    queue.push(Buffer.from('b'))
    expect(String((await queue.next()).value)).toBe('ab')
  })

  it('pauses the source while 256 KiB wait, once, and resumes it when they are read', async () => {
    const source = new Source()
    const queue = new EventQueue(source)
    queue.push(bytes(256 * 1024 - 1))
    expect(source.calls).toEqual([])
    queue.push(bytes(1))
    queue.push(bytes(1))
    expect(source.calls).toEqual(['pause'])
    await queue.next()
    expect(source.calls).toEqual(['pause', 'resume'])
  })

  it('lets what waits be read before it throws, and then ends', async () => {
    const queue = new EventQueue(new Source())
    queue.push(bytes(1))
    queue.close(new Error('cut'))
    expect((await queue.next()).done).toBe(false)
    await expect(queue.next()).rejects.toThrow('cut')
    expect((await queue.next()).done).toBe(true)
  })

  it('ends or throws for a reader that waits', async () => {
    const ended = new EventQueue(new Source())
    const end = ended.next()
    ended.close(null)
    expect((await end).done).toBe(true)
    const broken = new EventQueue(new Source())
    const failure = broken.next()
    broken.close(new Error('cut'))
    await expect(failure).rejects.toThrow('cut')
  })

  it('abandons the source when the reader leaves the loop', async () => {
    const source = new Source()
    const queue = new EventQueue(source)
    queue.push(bytes(1))
    queue.push(bytes(1))
    for await (const _block of queue) break
    expect(source.calls).toEqual(['abandon'])
    expect((await queue.next()).done).toBe(true)
  })
})
