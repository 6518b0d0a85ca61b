import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { text } from './support/chunks.ts'
import {
  call,
  eventually,
  failureOf,
  providerFor,
  readAll,
  streamCall,
} from './support/provider-under-test.ts'
import { beginStream, json, ScriptedUpstream } from './support/scripted-upstream.ts'

const answer = { choices: [{ message: { content: 'x' } }], usage: { prompt_tokens: 1, completion_tokens: 1 } }

describe("the client's cancellation", () => {
  it('sends nothing where it came before the call', async () => {
    await using upstream = await ScriptedUpstream.start(response => json(response, answer))
    await using provider = providerFor(upstream)
    const signal = AbortSignal.abort()
    expect((await failureOf(provider.complete(call({}, { signal })))).failure).toBe('cancelled')
    expect((await failureOf(provider.stream(call({}, { signal })))).failure).toBe('cancelled')
    expect(upstream.sockets).toHaveLength(0)
  })

  it.each(['complete', 'stream'] as const)(
    "closes the upstream's connection while it thinks: %s",
    async method => {
      await using upstream = await ScriptedUpstream.start(() => {})
      await using provider = providerFor(upstream)
      const client = new AbortController()
      const failure = failureOf(provider[method](call({}, { signal: client.signal })))
      await eventually(() => upstream.received.length === 1)
      const [socket] = upstream.sockets
      const closed = socket === undefined ? undefined : once(socket, 'close')
      client.abort()
      expect((await failure).failure).toBe('cancelled')
      await closed
    },
  )

  it('closes it amid a stream, and drops what waits', async () => {
    await using upstream = await ScriptedUpstream.start(response => {
      beginStream(response)
      response.write(text('a'))
    })
    await using provider = providerFor(upstream)
    const client = new AbortController()
    const stream = await provider.stream(streamCall({}, { signal: client.signal }))
    const [socket] = upstream.sockets
    const closed = socket === undefined ? undefined : once(socket, 'close')
    client.abort()
    expect((await failureOf(readAll(stream))).failure).toBe('cancelled')
    await closed
    expect(stream.summary()).toMatchObject({ complete: false, usage: { estimated: true } })
  })

  it('closes it when the reader leaves the loop', async () => {
    await using upstream = await ScriptedUpstream.start(response => {
      beginStream(response)
      response.write(text('Hello'))
    })
    await using provider = providerFor(upstream)
    const stream = await provider.stream(streamCall())
    const [socket] = upstream.sockets
    const closed = socket === undefined ? undefined : once(socket, 'close')
    for await (const _block of stream.events) break
    await closed
    expect(stream.summary()).toMatchObject({ complete: false, usage: { outputTokens: 1, estimated: true } })
  })

  it('leaves the queue for a connection at once, and the connection to the next call', async () => {
    const waiting: (() => void)[] = []
    await using upstream = await ScriptedUpstream.start(response => {
      waiting.push(() => json(response, answer))
    })
    await using provider = providerFor(upstream, { maxConnections: 1 })
    const first = provider.complete(call())
    await eventually(() => waiting.length === 1)
    const client = new AbortController()
    const second = failureOf(provider.complete(call({}, { signal: client.signal })))
    const third = provider.complete(call())
    client.abort()
    expect((await second).failure).toBe('cancelled')
    waiting[0]?.()
    await first
    await eventually(() => waiting.length === 2)
    waiting[1]?.()
    await third
    expect(upstream.received).toHaveLength(2)
    expect(upstream.sockets).toHaveLength(1)
  })

  it('after the end changes nothing', async () => {
    await using upstream = await ScriptedUpstream.start(response => json(response, answer))
    await using provider = providerFor(upstream, { maxConnections: 1 })
    const client = new AbortController()
    await provider.complete(call({}, { signal: client.signal }))
    client.abort()
    await provider.complete(call())
    expect(upstream.sockets).toHaveLength(1)
  })
})
