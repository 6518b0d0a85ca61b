import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { GatewayProcess } from '../support/gateway-process.ts'
import { completionOf, configFor, ScriptedUpstream } from '../support/scripted-upstream.ts'

describe('a model', () => {
  it.each(['漢字:7b', 'modèle', 'meta/llama 3.1@free', 'two\nlines'])('may be called %j', async name => {
    await using upstream = await ScriptedUpstream.start(({ body }, response) => {
      if (body.stream === true) {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.end(
          'data: {"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
        )
        return
      }
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(completionOf('a', { prompt_tokens: 1, completion_tokens: 1 })))
    })
    await using gateway = await GatewayProcess.start({ config: configFor(upstream, [name]) })
    const openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'unused', maxRetries: 0 })
    const messages = [{ role: 'user' as const, content: 'hi' }]
    for (const model of ['auto', name, `up/${name}`]) {
      const { data, response } = await openai.chat.completions.create({ model, messages }).withResponse()
      expect(data.choices[0]?.message.content).toBe('a')
      expect(decodeURI(response.headers.get('x-atp-model') ?? '')).toBe(`up/${name}`)
      let text = ''
      const stream = await openai.chat.completions.create({ model, messages, stream: true })
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content
      expect(text).toBe('a')
    }
    expect(await openai.models.retrieve(`up/${name}`)).toMatchObject({ id: `up/${name}` })
    expect(upstream.requests.map(({ body }) => body.model)).toEqual(Array(6).fill(name))
    expect(await gateway.end()).toBe(0)
  })
})
