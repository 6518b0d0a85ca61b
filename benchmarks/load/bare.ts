/** The baseline: what anybody would write as a pass-through with Fastify and undici. No parsing, no routing, no log. Prints its URL. */
import Fastify from 'fastify'
import { Pool } from 'undici'

const upstream = new Pool(process.argv[2] as string, { connections: 256, headersTimeout: 0, bodyTimeout: 0 })
const app = Fastify({ logger: false })

app.removeAllContentTypeParsers()
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

app.post('/v1/chat/completions', async (request, reply) => {
  const answer = await upstream.request({
    method: 'POST',
    path: '/v1/chat/completions',
    headers: { 'content-type': 'application/json' },
    body: request.body as Buffer,
  })
  reply.code(answer.statusCode).headers(answer.headers)
  return reply.send(answer.body)
})

process.stdout.write(`listening ${await app.listen({ port: 0, host: '127.0.0.1' })}\n`)
