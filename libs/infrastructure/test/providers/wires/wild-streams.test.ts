/** Streams that come in any pieces, or broken: always an end, never a wrong figure. */

import { systemClock } from '@atp/core/clock'
import { Secret } from '@atp/core/secret'
import { UpstreamError } from '@atp/domain/adapter'
import fc from 'fast-check'
import type { Dispatcher, Pool } from 'undici'
import { describe, expect, it, vi } from 'vitest'
import { kind as anthropic } from '../../../src/providers/ai-sdk/anthropic.ts'
import { kind as bedrock } from '../../../src/providers/ai-sdk/bedrock.ts'
import { kind as cohere } from '../../../src/providers/ai-sdk/cohere.ts'
import { kind as google } from '../../../src/providers/ai-sdk/google.ts'
import { TranslatingProvider } from '../../../src/providers/ai-sdk/translating-provider.ts'
import { MadeOfSecrets } from '../../../src/providers/made-of-secrets.ts'
import { call, PATIENT, readAll } from '../support/provider-under-test.ts'
import { readChunks } from './chunks-read.ts'
import { HELLO, TRANSLATED, WEATHER, WEATHER_TOOL } from './kinds.ts'

const KINDS = { anthropic, google, bedrock, cohere }
type Controller = Dispatcher.DispatchController

type Handler = Required<Dispatcher.DispatchHandler>

const IDLE = { pause() {}, resume() {}, abort() {} } as unknown as Controller

/** A pool whose every answer is these bytes, in these pieces, at once; and then, in the same turn, as it is told. */
function poolOf(
  contentType: string,
  pieces: readonly Buffer[],
  after: (handler: Handler) => void = handler => handler.onResponseEnd(IDLE, {}),
  controller = IDLE,
): Pool {
  const dispatch = (_options: unknown, handler: Handler) => {
    handler.onRequestStart(controller, {})
    handler.onResponseStart(controller, 200, { 'content-type': contentType }, 'OK')
    for (const piece of pieces) handler.onResponseData(controller, piece)
    after(handler)
    return true
  }
  return { dispatch } as unknown as Pool
}

function providerOver(name: keyof typeof KINDS, pool: Pool) {
  const access = new MadeOfSecrets('wild', [new Secret('key')], () => ({
    credentials: { apiKey: 'key', signing: null },
    headers: [],
  }))
  return new TranslatingProvider(KINDS[name], {
    upstream: {
      name: 'adapter wild',
      pool,
      path: '/',
      limits: PATIENT,
      clock: systemClock,
      redact: body => body,
    },
    access,
    baseUrl: 'http://upstream.internal',
    region: 'eu-central-1',
    outputLimits: new Map(),
  })
}

function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set(places.map(place => place % bytes.length)), bytes.length].sort((a, b) => a - b)
  return ends
    .map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end))
    .filter(({ length }) => length > 0)
}

const places = fc.array(fc.nat(10_000), { maxLength: 40 })

describe.each(TRANSLATED)('a stream of $name', ({ name, wire, model }) => {
  const bytesOf = (answer: typeof HELLO) => {
    const { opening, content, ending } = wire.frames(answer, model)
    return Buffer.concat([...opening, ...content, ...ending])
  }
  const streamOf = (pieces: readonly Buffer[], body: object = {}) =>
    providerOver(name as keyof typeof KINDS, poolOf(wire.streamType, pieces)).stream(
      call({ stream: true, ...body }, { upstreamModel: model }),
    )

  it('means the same in any pieces', async () => {
    const property = fc.asyncProperty(places, fc.boolean(), async (cuts, calls) => {
      const answer = calls ? WEATHER : HELLO
      const stream = await streamOf(cutAt(bytesOf(answer), cuts), calls ? { tools: [WEATHER_TOOL] } : {})
      const read = readChunks(await readAll(stream))
      expect(read.text).toBe(calls ? '' : 'Hello, wörld.')
      expect(read.calls.map(({ arguments: told }) => told)).toEqual(
        calls ? ['{"city":"Ulm"}', '{"city":"Bonn"}'] : [],
      )
      const { usage, complete } = stream.summary()
      expect({ complete, ...usage }).toEqual({
        complete: true,
        inputTokens: answer.usage?.input,
        outputTokens: answer.usage?.output,
        estimated: false,
      })
    })
    await fc.assert(property, { numRuns: 60 })
  })

  it('that is cut delivers all that had arrived, also what came in the same turn', async () => {
    const { opening, content } = wire.frames(HELLO, model)
    const pieces = [...opening, ...content.slice(0, 4)]
    const pool = poolOf(wire.streamType, pieces, handler =>
      handler.onResponseError(IDLE, Object.assign(new Error('reset'), { code: 'ECONNRESET' })),
    )
    const body = { upstreamModel: model }
    const stream = await providerOver(name as keyof typeof KINDS, pool).stream(call({ stream: true }, body))
    const blocks: Buffer[] = []
    const reading = (async () => {
      for await (const block of stream.events) blocks.push(block)
    })()
    await expect(reading).rejects.toMatchObject({ failure: 'cut' })
    expect(readChunks(Buffer.concat(blocks)).text).toMatch(/^Hello, w?/)
  })

  it('whose reader is slow is not read on, until the reader has caught up', async () => {
    const pause = vi.fn()
    const resume = vi.fn()
    const long = { ...HELLO, text: Array.from({ length: 40 }, () => 'x'.repeat(10_000)) }
    const { opening, content } = wire.frames(long, model)
    const controller = { pause, resume, abort() {} } as unknown as Controller
    const pool = poolOf(wire.streamType, [...opening, ...content], () => undefined, controller)
    const body = { upstreamModel: model }
    const stream = await providerOver(name as keyof typeof KINDS, pool).stream(call({ stream: true }, body))
    await vi.waitFor(() => expect(pause).toHaveBeenCalledOnce())
    expect(resume).not.toHaveBeenCalled()
    for await (const _ of stream.events) break
    expect(resume).toHaveBeenCalledOnce()
  })

  it('that is broken anywhere ends, and says no more than it was told', async () => {
    const broken = fc.tuple(fc.nat(10_000), fc.uint8Array({ maxLength: 30 }), fc.nat(40))
    const property = fc.asyncProperty(places, broken, async (cuts, [at, junk, lost]) => {
      const bytes = bytesOf(HELLO)
      const from = at % bytes.length
      const wild = Buffer.concat([bytes.subarray(0, from), junk, bytes.subarray(from + lost)])
      const error: unknown = await streamOf(cutAt(wild, cuts)).then(
        async stream => {
          const failure = await readAll(stream).then(
            () => null,
            thrown => thrown,
          )
          const { usage } = stream.summary()
          for (const tokens of [usage.inputTokens, usage.outputTokens]) {
            expect(Number.isInteger(tokens) && tokens >= 0).toBe(true)
          }
          return failure
        },
        thrown => thrown,
      )
      if (error !== null) expect(error).toBeInstanceOf(UpstreamError)
    })
    await fc.assert(property, { numRuns: 190 })
  })
})

it.each(['anthropic', 'cohere'] as const)(
  'an event of %s that is not known yet is passed over',
  async name => {
    const { wire, model } = TRANSLATED.find(kind => kind.name === name) as (typeof TRANSLATED)[number]
    const { opening, content, ending } = wire.frames(HELLO, model)
    const novelty = Buffer.from('event: novelty\ndata: {"type":"novelty","value":1}\n\n')
    const pool = poolOf(wire.streamType, [
      ...opening,
      ...content.slice(0, 3),
      novelty,
      ...content.slice(3),
      ...ending,
    ])
    const stream = await providerOver(name, pool).stream(call({ stream: true }, { upstreamModel: model }))
    expect(readChunks(await readAll(stream))).toMatchObject({ text: 'Hello, wörld.', done: true })
  },
)
