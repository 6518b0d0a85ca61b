import { once } from 'node:events'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { type Faults, startSimulatedProvider } from '../src/index.ts'
import { ask, start } from './start.ts'

async function outcomes(client: OpenAI, count: number): Promise<string> {
  let signs = ''
  for (let i = 0; i < count; i++) {
    const one = client.chat.completions.create(ask(`question ${i}`))
    signs += await one
      .then(() => '.')
      .catch((error: { status: number }) => (error.status === 500 ? 'x' : '?'))
  }
  return signs
}

async function streamText(url: string, faults: Faults): Promise<{ text: string; broken: boolean }> {
  const body = JSON.stringify({ ...ask('hello'), stream: true })
  const put = await fetch(`${url}/control/models/sim-mini`, { method: 'PUT', body: JSON.stringify(faults) })
  expect(put.status).toBe(200)
  const response = await fetch(`${url}/v1/chat/completions`, { method: 'POST', body })
  let text = ''
  try {
    for await (const part of response.body ?? []) text += Buffer.from(part).toString()
    return { text, broken: false }
  } catch {
    return { text, broken: true }
  }
}

describe('faults', () => {
  it('errors hit their share of the requests, the same ones for the same seed', async () => {
    const options = { models: { 'sim-mini': { error_rate: 0.3 } } }
    const first = await outcomes((await start(options)).client, 100)
    const second = await outcomes((await start(options)).client, 100)
    const other = await outcomes((await start({ ...options, seed: 2 })).client, 100)
    expect(first).toBe(second)
    expect(first).not.toBe(other)
    const failed = first.replaceAll('.', '').length
    expect(failed).toBeGreaterThan(15)
    expect(failed).toBeLessThan(45)
  })

  it('rate limits say when to come back', async () => {
    const { client } = await start({ accounts: { alpha: { rate_limit_rate: 1, retry_after_s: 7 } } })
    const error = await client.chat.completions.create(ask('hi')).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(OpenAI.RateLimitError)
    expect((error as InstanceType<typeof OpenAI.RateLimitError>).headers.get('retry-after')).toBe('7')
  })

  it('one account fails, the other lives on; a model’s own faults win', async () => {
    const { client, url, control } = await start({ accounts: { beta: { error_rate: 1, error_status: 503 } } })
    const beta = new OpenAI({ baseURL: `${url}/beta/v1`, apiKey: 'any', maxRetries: 0 })
    await expect(client.chat.completions.create(ask('hi'))).resolves.toBeDefined()
    await expect(beta.chat.completions.create(ask('hi', 'sim-chat'))).rejects.toMatchObject({ status: 503 })
    control.setModel('sim-chat', { error_rate: 0 })
    await expect(beta.chat.completions.create(ask('hi', 'sim-chat'))).resolves.toBeDefined()
    await expect(beta.chat.completions.create(ask('hi', 'sim-coder'))).rejects.toMatchObject({ status: 503 })
  })

  it('a cut stream loses its connection after so many tokens', async () => {
    const { url } = await start()
    const { text, broken } = await streamText(url, { cut_stream_after: 3 })
    expect(broken).toBe(true)
    expect(text).not.toContain('[DONE]')
    expect(text.split('\n\n').filter(Boolean)).toHaveLength(4)
  })

  it('a malformed line stands in an otherwise good stream', async () => {
    const { url } = await start()
    const { text } = await streamText(url, { malformed_after: 2 })
    const data = text
      .split('\n\n')
      .filter(Boolean)
      .map(event => event.slice('data: '.length))
    expect(data.at(-1)).toBe('[DONE]')
    const broken = data.slice(0, -1).map(json => {
      try {
        JSON.parse(json)
        return false
      } catch {
        return true
      }
    })
    expect(broken.indexOf(true)).toBe(3)
    expect(broken.filter(Boolean)).toHaveLength(1)
  })

  it.each<Faults>([{ stall_rate: 1 }, { stall_stream_after: 2 }])(
    'a stall (%o) lasts until the client leaves',
    async faults => {
      const { client, control } = await start({ models: { 'sim-mini': faults } })
      const patience = new AbortController()
      const request = client.chat.completions.create(
        { ...ask('hello'), stream: true },
        { signal: patience.signal },
      )
      const consumed = request.then(async stream => {
        for await (const chunk of stream) {
          if (chunk.choices[0]?.delta.content !== '') patience.abort()
        }
      })
      if (faults.stall_rate === 1) {
        await expect.poll(() => control.stats().total.in_flight).toBe(1)
        patience.abort()
      }
      await consumed.catch(() => {})
      await expect
        .poll(() => control.stats().models['sim-mini'])
        .toMatchObject({ in_flight: 0, aborted_by_client: 1 })
    },
  )

  it('usage can be wrong, zero or missing', async () => {
    const { client, control } = await start()
    const tokens = async (usage: Faults['usage']) => {
      control.setModel('sim-mini', { usage })
      return (await client.chat.completions.create(ask('hello'))).usage?.completion_tokens
    }
    const right = await tokens('right')
    expect(right).toBeGreaterThan(0)
    expect(await tokens('wrong')).toBe(3 * Number(right))
    expect(await tokens('zero')).toBe(0)
    expect(await tokens('none')).toBeUndefined()
    const stream = await client.chat.completions.create({
      ...ask('hello'),
      stream: true,
      stream_options: { include_usage: true },
    })
    for await (const chunk of stream) expect(chunk.usage).toBeNull()
  })
})

describe('drift', () => {
  const worse = { quality_shift: -1, price_factor: 4 }

  async function meanQuality(client: OpenAI, from: number): Promise<number> {
    let sum = 0
    for (let i = from; i < from + 40; i++) {
      const answer = await client.chat.completions.create(ask(`tell me about ${i}`))
      sum += Number(/quality ([\d.]+)\]$/.exec(answer.choices[0]?.message.content ?? '')?.[1])
    }
    return sum / 40
  }

  it('comes after its seconds', async () => {
    let now = 0
    const { client, control } = await start({
      now: () => now,
      models: { 'sim-mini': { drift: { after_s: 60, ...worse } } },
    })
    now = 59_999
    expect(await meanQuality(client, 0)).toBeGreaterThan(0.7)
    expect(control.state().models['sim-mini']?.price.output).toBe(2)
    now = 60_000
    expect(await meanQuality(client, 0)).toBeLessThan(0.4)
    expect(control.state().models['sim-mini']?.price.output).toBe(8)
  })

  it('comes after its requests, counted from when it was set', async () => {
    const { client, control } = await start()
    await meanQuality(client, 0)
    control.setModel('sim-mini', { drift: { after_requests: 40, ...worse } })
    expect(await meanQuality(client, 40)).toBeGreaterThan(0.7)
    expect(await meanQuality(client, 80)).toBeLessThan(0.4)
  })
})

it('a client that breaks off in the middle of its body leaves nothing behind', async () => {
  const provider = await startSimulatedProvider({ timeScale: 0 })
  const { hostname, port } = new URL(provider.url)
  const { connect } = await import('node:net')
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  socket.write('POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"model"')
  socket.destroy()
  expect((await fetch(`${provider.url}/v1/models`)).status).toBe(200)
  expect(provider.control.stats().total).toMatchObject({ requests: 0, in_flight: 0 })
  await provider.close()
})
