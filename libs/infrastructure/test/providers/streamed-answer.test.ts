import { countPromptTokens, countTokens } from '@atp/infrastructure/providers'
import { describe, expect, it } from 'vitest'
import { chunk, DONE, finish, ROLE, text, usage } from './support/chunks.ts'
import {
  eventually,
  failureOf,
  PROMPT,
  providerFor,
  readAll,
  streamCall,
} from './support/provider-under-test.ts'
import { beginStream, json, type Script, ScriptedUpstream } from './support/scripted-upstream.ts'

/** Sends these pieces, each as a write of its own. */
const send =
  (...pieces: (string | Buffer)[]): Script =>
  async response => {
    beginStream(response)
    for (const piece of pieces) await new Promise(resolve => response.write(piece, resolve))
    response.end()
  }

const INCLUDE_USAGE = { stream_options: { include_usage: true } }

describe('a streamed answer', () => {
  it('passes every byte, line ends, comments and cut characters included', async () => {
    const raw = [
      '\uFEFF: ping\r\n\r\n',
      text('Grüße 👋'),
      'data:{"choices":[{"delta":{"content":"no space"}}]}\r\n\r\n',
      ': keep-alive\n\n',
      'event: x\rid: 1\rdata: {"choices":\rdata: []}\r\r',
      'data: {"garbled\n\n',
      finish(),
      'data: [DONE]',
    ].join('')
    const bytes = Buffer.from(raw)
    await using upstream = await ScriptedUpstream.start(send(...Array.from(bytes, byte => Buffer.of(byte))))
    await using provider = providerFor(upstream)
    const stream = await provider.stream(streamCall(INCLUDE_USAGE))
    expect(await readAll(stream)).toEqual(bytes)
    expect(stream.contentType).toBe('text/event-stream; charset=utf-8')
    expect(stream.summary()).toMatchObject({ finishReason: 'stop', complete: true })
  })

  it('delivers an event before the upstream goes on', async () => {
    let goOn = (): void => {}
    await using upstream = await ScriptedUpstream.start(async response => {
      beginStream(response)
      response.write(text('first'))
      await new Promise<void>(resolve => {
        goOn = resolve
      })
      response.end(text('second') + DONE)
    })
    await using provider = providerFor(upstream)
    const stream = await provider.stream(streamCall())
    const received: string[] = []
    for await (const block of stream.events) {
      received.push(block.toString())
      // Only a first event that has come through lets the upstream send its second.
      goOn()
    }
    expect(received).toEqual([text('first'), text('second') + DONE])
  })

  it('asks for usage, and takes the chunk out that only the gateway asked for', async () => {
    await using upstream = await ScriptedUpstream.start(send(text('a'), finish(), usage(5, 1), DONE))
    await using provider = providerFor(upstream)
    const stream = await provider.stream(streamCall())
    expect((await readAll(stream)).toString()).toBe(text('a') + finish() + DONE)
    expect(upstream.last.body).toMatchObject({ stream: true, stream_options: { include_usage: true } })
    expect(stream.summary().usage).toEqual({ inputTokens: 5, outputTokens: 1, estimated: false })
  })

  it('leaves the usage chunk to a client that asked for it', async () => {
    await using upstream = await ScriptedUpstream.start(send(text('a'), usage(5, 1), DONE))
    await using provider = providerFor(upstream)
    const stream = await provider.stream(streamCall(INCLUDE_USAGE))
    expect((await readAll(stream)).toString()).toBe(text('a') + usage(5, 1) + DONE)
  })

  it('neither asks for usage nor takes it out where the upstream knows no stream options', async () => {
    await using upstream = await ScriptedUpstream.start(send(text('a'), usage(5, 1), DONE))
    await using provider = providerFor(upstream, { streamUsage: false })
    const stream = await provider.stream(streamCall())
    expect((await readAll(stream)).toString()).toBe(text('a') + usage(5, 1) + DONE)
    expect(upstream.last.body).not.toHaveProperty('stream_options')
    expect(stream.summary().usage.estimated).toBe(false)
  })

  it('gives its text, of the first choice, unless it is too long to keep', async () => {
    const part = (content: string, index = 0): string =>
      `data: ${JSON.stringify({ choices: [{ index, delta: { content } }] })}\n\n`
    const textOf = async (...events: string[]): Promise<string | null> => {
      await using upstream = await ScriptedUpstream.start(async response => {
        beginStream(response)
        response.end(`${events.join('')}data: [DONE]\n\n`)
      })
      await using provider = providerFor(upstream)
      const stream = await provider.stream(streamCall())
      await readAll(stream)
      return stream.text()
    }
    expect(await textOf(part('Grü'), part('another', 1), part('ße'))).toBe('Grüße')
    expect(await textOf(...Array.from({ length: 40 }, () => part('x'.repeat(50_000))))).toBeNull()
  })

  it('estimates usage that the upstream does not tell', async () => {
    const words = ['Hello', ', ', 'wor', 'ld!']
    await using upstream = await ScriptedUpstream.start(send(...words.map(text), DONE))
    await using provider = providerFor(upstream)
    const stream = await provider.stream(streamCall())
    await readAll(stream)
    expect(stream.summary().usage).toEqual({
      inputTokens: countPromptTokens({ messages: PROMPT }),
      outputTokens: countTokens('Hello, world!'),
      estimated: true,
    })
  })

  it('extrapolates the usage of a stream that is too long to keep', async () => {
    const piece = text(' word').repeat(500)
    await using upstream = await ScriptedUpstream.start(
      send(...Array.from({ length: 20 }, () => piece), DONE),
    )
    await using provider = providerFor(upstream)
    const stream = await provider.stream(streamCall())
    await readAll(stream)
    const { outputTokens } = stream.summary().usage
    expect(Math.abs(outputTokens / 10_000 - 1)).toBeLessThan(0.02)
  })

  it('is incomplete where the upstream ends it in good order but says no end', async () => {
    await using upstream = await ScriptedUpstream.start(send(text('a'), text('b')))
    await using provider = providerFor(upstream)
    const stream = await provider.stream(streamCall())
    expect((await readAll(stream)).toString()).toBe(text('a') + text('b'))
    expect(stream.summary().complete).toBe(false)
  })

  it('is cut where the connection breaks, after what had arrived', async () => {
    await using upstream = await ScriptedUpstream.start(response => {
      beginStream(response)
      response.write(text('a'), () => setImmediate(() => response.socket?.destroy()))
    })
    await using provider = providerFor(upstream)
    const stream = await provider.stream(streamCall())
    const received: string[] = []
    const reading = async (): Promise<void> => {
      for await (const block of stream.events) received.push(block.toString())
    }
    expect(await failureOf(reading())).toMatchObject({ name: 'UpstreamError', failure: 'cut' })
    expect(received).toEqual([text('a')])
    expect(stream.summary().complete).toBe(false)
  })

  it.each([
    ['adds up what it reports', 'a', [1, 2], { inputTokens: 3, outputTokens: 2, estimated: false }],
    [
      'goes on after its one report',
      'Hello, world!',
      [1, null],
      { inputTokens: 3, outputTokens: 8, estimated: true },
    ],
  ])('that is cut and %s counts what was delivered', async (_name, content, figures, counted) => {
    await using upstream = await ScriptedUpstream.start(response => {
      beginStream(response)
      for (const completion_tokens of figures) {
        const usage = completion_tokens === null ? null : { prompt_tokens: 3, completion_tokens }
        response.write(chunk({ choices: [{ index: 0, delta: { content } }], usage }))
      }
      response.socket?.end()
    })
    await using provider = providerFor(upstream)
    const stream = await provider.stream(streamCall())
    expect(await failureOf(readAll(stream))).toMatchObject({ failure: 'cut' })
    expect(stream.summary().usage).toEqual(counted)
  })

  it('is complete where the connection breaks after `[DONE]`', async () => {
    await using upstream = await ScriptedUpstream.start(response => {
      beginStream(response)
      response.write(text('a') + DONE, () => setImmediate(() => response.socket?.destroy()))
    })
    await using provider = providerFor(upstream)
    const stream = await provider.stream(streamCall())
    await readAll(stream)
    expect(stream.summary().complete).toBe(true)
  })

  it('ends where the upstream says `[DONE]` and keeps the connection open', async () => {
    await using upstream = await ScriptedUpstream.start(response => {
      beginStream(response)
      response.write(text('a') + DONE)
    })
    await using provider = providerFor(upstream)
    const stream = await provider.stream(streamCall())
    expect((await readAll(stream)).toString()).toBe(text('a') + DONE)
    expect(stream.summary().complete).toBe(true)
  })

  it('uses its connection again', async () => {
    await using upstream = await ScriptedUpstream.start(send(text('a'), DONE))
    await using provider = providerFor(upstream, { maxConnections: 1 })
    for (let n = 0; n < 5; n++) await readAll(await provider.stream(streamCall()))
    expect(upstream.sockets).toHaveLength(1)
  })

  it('stays byte-identical 200 times at once', async () => {
    const expected = (n: number): string =>
      Array.from({ length: 30 }, (_, at) => text(`${n}:${at} äöü 👋`)).join('') + finish() + DONE
    await using upstream = await ScriptedUpstream.start(async (response, { body }) => {
      beginStream(response)
      const bytes = Buffer.from(expected(Number(body.seed)).replace(DONE, usage(1, 1) + DONE))
      for (let from = 0; from < bytes.length; from += 97 + (Number(body.seed) % 13)) {
        response.write(bytes.subarray(from, from + 97 + (Number(body.seed) % 13)))
        await new Promise(setImmediate)
      }
      response.end()
    })
    await using provider = providerFor(upstream)
    const streams = Array.from({ length: 200 }, async (_, seed) => {
      const stream = await provider.stream(streamCall({ seed }))
      expect((await readAll(stream)).toString()).toBe(expected(seed))
      expect(stream.summary()).toEqual({
        usage: { inputTokens: 1, outputTokens: 1, estimated: false },
        finishReason: 'stop',
        refused: false,
        complete: true,
      })
    })
    await Promise.all(streams)
  })
})

describe('the first content', () => {
  it.each([
    ['comments', ': one\n\n'],
    ['a role', chunk({ choices: [{ index: 0, delta: { role: 'assistant', content: '' } }] })],
    ['an empty delta', chunk({ choices: [{ index: 0, delta: {}, finish_reason: null }] })],
    ['no choice', chunk({ choices: [], prompt_filter_results: [{ prompt_index: 0 }] })],
    ['usage alone', chunk({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 0 } })],
    ['blank data', 'event: ping\ndata: \n\n'],
  ])('is not %s, which wait for it and come with it', async (_name, before) => {
    let goOn = (): void => {}
    await using upstream = await ScriptedUpstream.start(async response => {
      beginStream(response)
      response.write(before)
      await new Promise<void>(resolve => {
        goOn = resolve
      })
      response.end(`: two\n\n${text('a')}${DONE}`)
    })
    await using provider = providerFor(upstream)
    let open = false
    const opening = provider.stream(streamCall(INCLUDE_USAGE)).then(stream => {
      open = true
      return stream
    })
    await eventually(() => upstream.received.length === 1)
    await new Promise(resolve => setTimeout(resolve, 50))
    expect(open).toBe(false)
    goOn()
    expect((await readAll(await opening)).toString()).toBe(`${before}: two\n\n${text('a')}${DONE}`)
  })

  it.each([
    ['text', { content: 'a' }],
    ['a refusal', { refusal: 'No' }],
    ['reasoning', { content: null, reasoning_content: 'Hm' }],
    [
      'a call of a tool',
      { tool_calls: [{ index: 0, id: 'call_1', function: { name: 'f', arguments: '' } }] },
    ],
    ['what nobody has thought of yet', { audio: { id: 'audio_1' } }],
  ])('is %s', async (_name, delta) => {
    const raw = chunk({ choices: [{ index: 0, delta: { role: 'assistant', ...delta } }] })
    await using upstream = await ScriptedUpstream.start(response => {
      beginStream(response)
      response.write(raw)
    })
    await using provider = providerFor(upstream)
    const stream = await provider.stream(streamCall())
    const [block] = [await stream.events[Symbol.asyncIterator]().next()]
    expect(String(block?.value)).toBe(raw)
    await stream.events[Symbol.asyncIterator]().return?.()
  })

  it.each([
    ['a finish', finish('content_filter') + DONE, 'content_filter'],
    ['an end', DONE, null],
  ])('is %s where there is no other', async (_name, raw, finishReason) => {
    await using upstream = await ScriptedUpstream.start(send(ROLE, raw))
    await using provider = providerFor(upstream)
    const stream = await provider.stream(streamCall())
    expect((await readAll(stream)).toString()).toBe(ROLE + raw)
    expect(stream.summary()).toMatchObject({ finishReason, complete: true })
  })

  it.each([
    ['an error object', 'data: {"error":{"message":"busy"}}\n\n', 'failed'],
    ['an error event', 'event: error\ndata: busy\n\n', 'failed'],
    ['no JSON', 'data: <html>\n\n', 'malformed'],
    ['no event', 'hello', 'malformed'],
    ['nothing', '', 'malformed'],
    ['only comments', ': ping\n\n: ping\n\n', 'malformed'],
    ['a role and an error', `${ROLE}data: {"error":{"message":"busy"}}\n\n`, 'failed'],
    ['a role and no JSON', `${ROLE}data: <html>\n\n`, 'malformed'],
    ['a role and the end', ROLE, 'malformed'],
  ])('that would be %s leaves a fallback possible', async (_name, raw, failure) => {
    await using upstream = await ScriptedUpstream.start(send(...(raw === '' ? [] : [`: ping\n\n${raw}`])))
    await using provider = providerFor(upstream)
    const error = await failureOf(provider.stream(streamCall()))
    expect(error.failure).toBe(failure)
    if (failure === 'failed') expect(error.body?.toString()).toContain('busy')
  })

  it.each([
    ['an error', { error: { message: 'busy' } }, 'failed'],
    ['a whole completion', { choices: [{ message: { content: 'x' } }] }, 'malformed'],
  ])('that never comes, because JSON does, is a failure: %s', async (_name, body, failure) => {
    await using upstream = await ScriptedUpstream.start(response => json(response, body))
    await using provider = providerFor(upstream)
    expect((await failureOf(provider.stream(streamCall()))).failure).toBe(failure)
  })

  it('that breaks off is a failure', async () => {
    await using upstream = await ScriptedUpstream.start(response => {
      beginStream(response)
      response.write(`${ROLE}data: {"cho`, () => response.socket?.destroy())
    })
    await using provider = providerFor(upstream)
    expect((await failureOf(provider.stream(streamCall()))).failure).toBe('failed')
  })

  it('may not be endless', async () => {
    await using upstream = await ScriptedUpstream.start(response => {
      beginStream(response)
      const piece = Buffer.alloc(1 << 20, 'x')
      const write = (): void => {
        while (!response.destroyed && response.write(piece)) {}
        if (!response.destroyed) response.once('drain', write)
      }
      write()
    })
    await using provider = providerFor(upstream)
    expect((await failureOf(provider.stream(streamCall()))).failure).toBe('malformed')
  })
})

describe('a slow reader', () => {
  it('slows the upstream down instead of filling our memory', async () => {
    const piece = Buffer.from(text('x'.repeat(10_000)))
    let sent = 0
    await using upstream = await ScriptedUpstream.start(response => {
      beginStream(response)
      const write = (): void => {
        while (sent < 200 * 1024 * 1024 && !response.destroyed) {
          sent += piece.length
          if (!response.write(piece)) {
            response.once('drain', write)
            return
          }
        }
        response.end(DONE)
      }
      write()
    })
    await using provider = providerFor(upstream)
    const stream = await provider.stream(streamCall())
    const before = process.memoryUsage().arrayBuffers
    const reader = stream.events[Symbol.asyncIterator]()
    await reader.next()
    // The upstream is held up once our bound and the kernel's buffers are full: it sends nothing more.
    let seen = -1
    while (seen !== sent) {
      seen = sent
      await new Promise(resolve => setTimeout(resolve, 200))
    }
    expect(sent).toBeLessThan(100 * 1024 * 1024)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * 1024 * 1024)
    let received = 0
    for (let next = await reader.next(); !next.done; next = await reader.next()) {
      received += next.value.length
      if (received > seen * 2) break
    }
    expect(received).toBeGreaterThan(seen)
    await reader.return?.()
  })
})
