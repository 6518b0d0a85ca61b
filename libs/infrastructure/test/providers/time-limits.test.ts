import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'
import { ManualClock } from '@atp/core/clock'
import { milliseconds } from '@atp/core/units'
import { describe, expect, it } from 'vitest'
import { DONE, ROLE, text } from './support/chunks.ts'
import { call, failureOf, PATIENT, providerFor, readAll, streamCall } from './support/provider-under-test.ts'
import { beginStream, ScriptedUpstream } from './support/scripted-upstream.ts'

const SHORT = milliseconds(60)

/** Waits until a figure has stopped to change. */
async function standstill(figure: () => number | undefined): Promise<void> {
  let last = figure()
  for (let same = 0; same < 10; ) {
    await new Promise(resolve => setTimeout(resolve, 20))
    same = figure() === last && last !== undefined ? same + 1 : 0
    last = figure()
  }
}

describe('a time limit', () => {
  it('on the first token ends a stream that does not begin', async () => {
    await using upstream = await ScriptedUpstream.start(() => {})
    await using provider = providerFor(upstream, { timeouts: { ...PATIENT, firstToken: SHORT } })
    expect(await failureOf(provider.stream(streamCall()))).toMatchObject({
      failure: 'timeout',
      phase: 'first_token',
    })
  })

  it('on the first token is not met by headers, comments and a role', async () => {
    await using upstream = await ScriptedUpstream.start(response => {
      beginStream(response)
      response.write(ROLE)
      const ping = setInterval(() => response.write(': ping\n\n'), 5)
      response.on('close', () => clearInterval(ping))
    })
    await using provider = providerFor(upstream, { timeouts: { ...PATIENT, firstToken: SHORT } })
    expect(await failureOf(provider.stream(streamCall()))).toMatchObject({
      failure: 'timeout',
      phase: 'first_token',
    })
  })

  it('on the whole is the only one of an answer that comes whole: it is silent while the model writes', async () => {
    const answer = JSON.stringify({ choices: [{ message: { content: 'late' } }] })
    await using upstream = await ScriptedUpstream.start(async response => {
      await new Promise(resolve => setTimeout(resolve, 5 * SHORT))
      response.writeHead(200).write(answer.slice(0, 10))
      await new Promise(resolve => setTimeout(resolve, 5 * SHORT))
      response.end(answer.slice(10))
    })
    const impatient = { ...PATIENT, firstToken: SHORT, idle: SHORT }
    await using provider = providerFor(upstream, { timeouts: impatient })
    expect(await provider.complete(call())).toMatchObject({ text: 'late' })
    await using short = providerFor(upstream, { timeouts: { ...PATIENT, total: SHORT } })
    expect(await failureOf(short.complete(call()))).toMatchObject({ failure: 'timeout', phase: 'total' })
  })

  it('on silence ends a stream that stalls, after what had arrived', async () => {
    await using upstream = await ScriptedUpstream.start(response => {
      beginStream(response)
      response.write(text('a'))
    })
    await using provider = providerFor(upstream, { timeouts: { ...PATIENT, idle: SHORT } })
    const stream = await provider.stream(streamCall())
    expect(await failureOf(readAll(stream))).toMatchObject({ failure: 'timeout', phase: 'idle' })
  })

  it('on silence is longer than the wait for a first token that it does not cover', async () => {
    await using upstream = await ScriptedUpstream.start(async response => {
      beginStream(response)
      await new Promise(resolve => setTimeout(resolve, 5 * SHORT))
      response.end(text('late') + DONE)
    })
    await using provider = providerFor(upstream, { timeouts: { ...PATIENT, idle: SHORT } })
    expect((await readAll(await provider.stream(streamCall()))).toString()).toBe(text('late') + DONE)
  })

  it('on silence does not count while the reader keeps the upstream waiting', async () => {
    const piece = text('x'.repeat(100_000))
    let response: ServerResponse | undefined
    await using upstream = await ScriptedUpstream.start(started => {
      response = started
      beginStream(started)
      for (let n = 0; n < 200; n++) started.write(piece)
      started.end(DONE)
    })
    const clock = new ManualClock()
    const timeouts = { ...PATIENT, idle: SHORT, total: milliseconds(1e9) }
    await using provider = providerFor(upstream, { clock, timeouts })
    const stream = await provider.stream(streamCall())
    await standstill(() => response?.writableLength)
    clock.advance(1e6)
    await new Promise(resolve => setTimeout(resolve, 5 * SHORT))
    expect((await readAll(stream)).length).toBe(200 * Buffer.byteLength(piece) + DONE.length)
  })

  it('on the whole ends a stream that goes on and on', async () => {
    await using upstream = await ScriptedUpstream.start(response => {
      beginStream(response)
      const more = setInterval(() => response.write(text('a')), 5)
      response.on('close', () => clearInterval(more))
    })
    await using provider = providerFor(upstream, { timeouts: { ...PATIENT, total: SHORT } })
    const reading = provider.stream(streamCall()).then(readAll)
    expect(await failureOf(reading)).toMatchObject({ failure: 'timeout', phase: 'total' })
  })

  it('on the whole counts the wait for a connection', async () => {
    await using upstream = await ScriptedUpstream.start(() => {})
    await using provider = providerFor(upstream, {
      maxConnections: 1,
      timeouts: { ...PATIENT, total: SHORT },
    })
    const calls = [provider.complete(call()), provider.complete(call())].map(failureOf)
    expect((await Promise.all(calls)).map(({ phase }) => phase)).toEqual(['total', 'total'])
  })

  it('on the connection ends a call whose handshake stalls', async () => {
    const sockets: Socket[] = []
    const mute = createServer(socket => void sockets.push(socket)).listen(0, '127.0.0.1')
    await once(mute, 'listening')
    const baseUrl = `https://127.0.0.1:${(mute.address() as AddressInfo).port}`
    try {
      await using provider = providerFor({ baseUrl }, { timeouts: { ...PATIENT, connect: SHORT } })
      expect(await failureOf(provider.complete(call()))).toMatchObject({
        failure: 'timeout',
        phase: 'first_token',
      })
    } finally {
      for (const socket of sockets) socket.destroy()
      mute.close()
    }
  })
})
