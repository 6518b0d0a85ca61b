import { describe, expect, it } from 'vitest'
import { start } from './start.ts'

const cosine = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, figure, k) => sum + figure * (b[k] as number), 0)

const embed = (input: string | string[]) => ({ model: 'sim-embedding', input })

describe('embeddings', () => {
  it('come in the order of the texts, the same for the same text, closer where words are shared', async () => {
    const { client } = await start()
    const texts = ['red tulips and roses', 'Roses, and tulips!', 'a moon in orbit']
    const { object, model, data, usage } = await client.embeddings.create(embed(texts))
    expect({ object, model }).toEqual({ object: 'list', model: 'sim-embedding' })
    expect(data.map(({ object, index }) => [object, index])).toEqual(texts.map((_, k) => ['embedding', k]))
    expect(usage.prompt_tokens).toBeGreaterThan(0)
    const [tulips, roses, moon] = data.map(({ embedding }) => embedding) as [number[], number[], number[]]
    expect(tulips).toHaveLength(256)
    expect(cosine(tulips, tulips)).toBeCloseTo(1)
    expect(cosine(tulips, roses)).toBeGreaterThan(cosine(tulips, moon) + 0.3)
    const again = await client.embeddings.create(embed(texts[0] as string))
    expect(again.data[0]?.embedding).toEqual(tulips)
  })

  it('are the same figures as a list and as base64, which clients ask for by themselves', async () => {
    const { client, url } = await start()
    const [packed] = (await client.embeddings.create(embed('hello world'))).data
    const response = await fetch(`${url}/v1/embeddings`, {
      method: 'POST',
      body: JSON.stringify(embed('hello world')),
    })
    const listed = (await response.json()) as { data: { embedding: number[] }[] }
    expect(Array.isArray(listed.data[0]?.embedding)).toBe(true)
    expect(Array.from(packed?.embedding ?? [])).toEqual(listed.data[0]?.embedding)
  })

  it.each([
    [{ input: 'x' }, 400],
    [{ model: 'sim-embedding' }, 400],
    [{ model: 'sim-embedding', input: '' }, 400],
    [{ model: 'sim-embedding', input: [] }, 400],
    [{ model: 'sim-embedding', input: [1] }, 400],
    [{ model: 'sim-embedding', input: 'x', encoding_format: 'hex' }, 400],
    [{ model: 'sim-mini', input: 'x' }, 404],
    [{ model: 'unknown', input: 'x' }, 404],
  ])('refuse %j with status %i', async (body, status) => {
    const { url } = await start()
    const response = await fetch(`${url}/v1/embeddings`, { method: 'POST', body: JSON.stringify(body) })
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error' } })
  })

  it('are of no model that chats, and their model does not chat', async () => {
    const { client } = await start()
    const chat = client.chat.completions.create({
      model: 'sim-embedding',
      messages: [{ role: 'user', content: 'hi' }],
    })
    await expect(chat).rejects.toMatchObject({ status: 404 })
  })

  it('fail, are refused and stall as the faults of the model say, and are counted', async () => {
    const { client, control } = await start()
    control.setModel('sim-embedding', { error_rate: 1, error_status: 503 })
    await expect(client.embeddings.create(embed('a'))).rejects.toMatchObject({ status: 503 })
    control.setModel('sim-embedding', { rate_limit_rate: 1 })
    await expect(client.embeddings.create(embed('a'))).rejects.toMatchObject({ status: 429 })
    control.setModel('sim-embedding', { stall_rate: 1 })
    const patience = new AbortController()
    const stalled = client.embeddings.create(embed('a'), { signal: patience.signal })
    await expect.poll(() => control.stats().models['sim-embedding']?.in_flight).toBe(1)
    patience.abort()
    await expect(stalled).rejects.toThrow()
    await expect
      .poll(() => control.stats().models['sim-embedding'])
      .toMatchObject({ requests: 3, faults: 2, aborted_by_client: 1, in_flight: 0 })
  })
})
