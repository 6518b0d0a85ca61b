/** A real server and client, an answer that opens when the test says, and timers that fire when the test says. */
import type { AddressInfo } from 'node:net'
import { AtpError } from '@atp/core/errors'
import type { DecisionId } from '@atp/core/ids'
import type { Timers } from '@atp/core/timers'
import Fastify from 'fastify'
import { afterEach, describe, expect, it } from 'vitest'
import type { StreamedAnswer } from '../src/corridor/corridor.ts'
import { COMMENT_PING, type StreamForm, sendStream } from '../src/http/send-stream.ts'

const HOLD_MS = 15_000
const PING_MS = 10_000
const PING = `event: ping\ndata: {"type": "ping"}\n\n`

const FORM: StreamForm = {
  contentType: null,
  events: ({ events }) => events,
  ping: PING,
  lastWords: thrown => `data: ${(thrown as Error).message}\n\n`,
}

class Pending implements Timers {
  readonly due: { readonly ms: number; readonly callback: () => void }[] = []

  after(ms: number, callback: () => void): () => void {
    const timer = { ms, callback }
    this.due.push(timer)
    return () => void (this.due.includes(timer) && this.due.splice(this.due.indexOf(timer), 1))
  }

  /** Lets the one timer there is fire. */
  fire(ms: number): void {
    const [timer, ...others] = this.due.splice(0)
    expect([timer?.ms, others]).toEqual([ms, []])
    timer?.callback()
  }
}

const opened: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of opened.splice(0)) await close()
})

async function setup() {
  const timers = new Pending()
  const opening = Promise.withResolvers<StreamedAnswer>()
  let closed = 0
  const app = Fastify()
  const pace = { timers, holdMs: HOLD_MS, pingMs: PING_MS, patienceMs: 60_000 }
  app.get('/', async (_request, reply) =>
    sendStream(reply, 'decision-1' as DecisionId, opening.promise, FORM, pace),
  )
  await app.listen({ port: 0, host: '127.0.0.1' })
  opened.push(() => app.close())
  const response = fetch(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}/`)
  await expect.poll(() => timers.due.length).toBe(1)
  const answer: StreamedAnswer = {
    id: 'decision-1' as DecisionId,
    arm: 'up/model',
    attempts: 2,
    isHedged: false,
    levels: [],
    masked: new Map(),
    contentType: 'text/event-stream; charset=utf-8',
    events: (async function* () {
      yield Buffer.from('data: a\n\n')
    })(),
    close: async () => void closed++,
    outcome: () => {
      throw new Error('not asked for')
    },
  }
  return { timers, opening, answer, response, closed: () => closed }
}

describe('the head of a streamed answer', () => {
  it('waits for content, and says then who answers', async () => {
    const { timers, opening, answer, response, closed } = await setup()
    opening.resolve(answer)
    const { status, headers, text } = await whole(response)
    expect([status, text]).toEqual([200, 'data: a\n\n'])
    expect(headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'x-atp-decision-id': 'decision-1',
      'x-atp-model': 'up/model',
      'x-atp-attempts': '2',
    })
    expect([timers.due, closed()]).toEqual([[], 1])
  })

  it('is that of the failure where nobody answers in time', async () => {
    const { timers, opening, response } = await setup()
    opening.reject(Object.assign(new Error('nobody'), { statusCode: 502 }))
    expect((await whole(response)).status).toBe(502)
    expect(timers.due).toEqual([])
  })

  it('goes out when it has waited long enough, and pings follow until there is content', async () => {
    const { timers, opening, answer, response, closed } = await setup()
    timers.fire(HOLD_MS)
    const { status, headers } = await response
    expect(status).toBe(200)
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'text/event-stream',
      'x-atp-decision-id': 'decision-1',
    })
    expect(headers.get('x-atp-model')).toBeNull()
    timers.fire(PING_MS)
    timers.fire(PING_MS)
    opening.resolve(answer)
    const said = ': x-atp-model: up/model\n: x-atp-attempts: 2\n\n'
    expect((await whole(response)).text).toBe(`${PING}${PING}${PING}${said}data: a\n\n`)
    expect([timers.due, closed()]).toEqual([[], 1])
  })

  it('cannot be taken back: what fails after it is said in the stream', async () => {
    const { timers, opening, response } = await setup()
    timers.fire(HOLD_MS)
    opening.reject(new AtpError('upstream_failed', { detail: 'nobody' }))
    const { status, text } = await whole(response)
    expect([status, text]).toEqual([200, `${PING}data: nobody\n\n`])
    expect(timers.due).toEqual([])
  })
})

describe('a comment', () => {
  it('is a ping that no reader of server-sent events takes for an event', () => {
    expect(COMMENT_PING).toMatch(/^:.*\n\n$/)
  })
})

async function whole(response: Promise<Response>) {
  const { status, headers } = await response
  return { status, headers: Object.fromEntries(headers), text: await (await response).text() }
}
