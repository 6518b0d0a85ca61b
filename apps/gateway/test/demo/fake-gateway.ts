/** A tiny stand-in for a gateway: tries its models in turn until it was told how good they are, then keeps to the second. */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export const QUALITY = { 'alpha/sim-nano': 0.5, 'alpha/sim-mini': 0.86, 'alpha/sim-large': 0.94 } as const
export const COST = { 'alpha/sim-nano': 0.00003, 'alpha/sim-mini': 0.0001, 'alpha/sim-large': 0.002 } as const
type ArmId = keyof typeof QUALITY
const ARMS = Object.keys(QUALITY) as ArmId[]

export interface FakeGateway {
  readonly url: string
  readonly asked: { prompt: string; quality?: string; model?: string }[]
  /** The key of every request; undefined where it had none. */
  readonly authorizations: (string | undefined)[]
  readonly observed: { decision_id: string; quality: number }[]
}

export interface FakeOptions {
  /** Observations after which it has learned. */
  readonly learnsAfter?: number
  /** Replaces the answer's text. */
  readonly text?: string
  readonly onAsk?: (count: number) => void
  /** The status of the nth answer. */
  readonly status?: (count: number) => number
}

export async function fakeGateway({ learnsAfter = 30, ...options }: FakeOptions = {}): Promise<FakeGateway> {
  const asked: FakeGateway['asked'] = []
  const observed: FakeGateway['observed'] = []
  const authorizations: FakeGateway['authorizations'] = []
  const choose = (): ArmId =>
    observed.length < learnsAfter ? (ARMS[asked.length % ARMS.length] as ArmId) : 'alpha/sim-mini'

  const answer = (url: string | undefined, body: unknown): { status: number; body: object } => {
    if (url === '/v1/models') {
      return { status: 200, body: { data: [{ id: 'auto' }, ...ARMS.map(id => ({ id, atp: {} }))] } }
    }
    if (url === '/v1/observe') {
      observed.push(body as FakeGateway['observed'][number])
      return { status: 200, body: { status: 'accepted' } }
    }
    const question = body as FakeGateway['asked'][number]
    asked.push(question)
    options.onAsk?.(asked.length)
    const status = options.status?.(asked.length) ?? 200
    if (status !== 200) return { status, body: { title: 'bad', detail: 'Every candidate failed' } }
    const model = (question.model as ArmId | undefined) ?? choose()
    const text = options.text ?? `Fine.\n\n[simulated answer; quality ${QUALITY[model].toFixed(2)}]`
    const figures = { cost_usd: COST[model], latency_ms: 100, time_to_first_token_ms: null, attempts: 1 }
    return {
      status,
      body: { decision_id: `d${asked.length}`, model, text, finish_reason: 'stop', ...figures },
    }
  }

  const server = createServer(async (request, response) => {
    authorizations.push(request.headers.authorization)
    const reply = answer(request.url, JSON.parse((await bodyOf(request)) || 'null'))
    response.writeHead(reply.status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(reply.body))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    authorizations,
    observed,
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const part of request) body += String(part)
  return body
}
