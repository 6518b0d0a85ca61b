/** `GET /v1/ws`: asks and streams over one WebSocket, many at a time. Frames: `../ws/frames.ts`. */
import type { Clock } from '@atp/core/clock'
import { AtpError } from '@atp/core/errors'
import type { OpenWork } from '@atp/core/shutdown'
import type { Metrics } from '@atp/infrastructure/telemetry'
import type { FastifyRequest } from 'fastify'
import type { WebSocket } from 'ws'
import type { Authenticator } from '../../corridor/authenticate.ts'
import type { Corridor } from '../../corridor/corridor.ts'
import type { App } from '../app.ts'
import { chatBodyOf } from '../chat-body-of.ts'
import type { ExchangeFactory } from '../exchange-of.ts'
import { callerOf } from '../plugins/planes.ts'
import { Problem } from '../schemas/common.ts'
import { askFrames } from '../ws/ask-frames.ts'
import { AskSocket, type AskSocketOptions, type SocketLimits } from '../ws/ask-socket.ts'
import { FrameReader, type JsonParser } from '../ws/frame-reader.ts'
import type { AskFrame } from '../ws/frames.ts'

export interface WsOptions {
  readonly corridor: Corridor
  readonly exchanges: ExchangeFactory
  readonly authenticator: Authenticator
  readonly sockets: SocketLimits
  readonly patienceMs: number
  readonly openWork: OpenWork
  readonly metrics: Metrics
  readonly clock: Clock
}

const DESCRIPTION = `A WebSocket. Each frame is a JSON object; \`id\`, up to 64 characters, is the client's name for a request.

Client: \`{"type": "ask", "id": "1", ...}\` with the fields of \`POST /v1/ask\`, \`{"type": "cancel", "id": "1"}\`.

Gateway: \`answer\`, or with \`"stream": true\` \`decision\`, \`text\`..., \`done\`, with the fields that \`POST /v1/ask\` answers. A request that fails, or is
cancelled, ends with \`{"type": "error", "id": "1", "problem": {...}}\`. What HTTP says in headers (limits, \`retry-after\`) is in \`headers\`.

Closed with 1001 on shutdown, when what was under way has ended; 1008 where the key is not valid any more; 1009 where a frame is too large;
1013 where the client leaves too much unread.`

export async function ws(app: App, options: WsOptions): Promise<void> {
  const { openWork, sockets: limits } = options
  const parse = parserOf(app)
  app.route({
    method: 'GET',
    url: '/v1/ws',
    config: { plane: 'data' },
    schema: {
      summary: 'Ask over a WebSocket',
      description: DESCRIPTION,
      tags: ['atp'],
      response: { '4xx': Problem, '5xx': Problem },
    },
    onRequest: async request => refuseOtherSites(request),
    handler: async () => {
      throw new AtpError('upgrade_required', {
        detail: 'this address speaks WebSocket: connect to it with a client that does',
        headers: { upgrade: 'websocket' },
      })
    },
    wsHandler: (socket: WebSocket, request: FastifyRequest) => {
      const { patienceMs, metrics, clock } = options
      const reader = new FrameReader(parse, request)
      const ask = askerOf(options, request)
      const { log } = request
      const asking = new AskSocket(socket, { limits, patienceMs, reader, ask, metrics, clock, log })
      const { tenant } = callerOf(request)
      asking.onSettled(openWork.track(`websocket ${request.id} of ${tenant.id}`, asking))
    },
  })
}

/** The key is asked for anew by each request: it may have expired, or been revoked, while the socket is open. */
function askerOf(
  { corridor, exchanges, authenticator }: WsOptions,
  { headers }: FastifyRequest,
): AskSocketOptions['ask'] {
  return async function* ({ type: _type, id, ...question }: AskFrame, signal) {
    const caller = authenticator.caller(headers)
    const { body, options } = chatBodyOf(question)
    yield* askFrames(corridor, exchanges.of(caller, body, options, signal), id)
  }
}

/**
 * No browser asks before it opens a socket for whatever page wants one. It cannot send a key; but where nobody is asked for keys, any
 * page could spend.
 */
function refuseOtherSites({ headers }: FastifyRequest): void {
  const { origin, host } = headers
  if (origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)) return
  throw new AtpError('forbidden', { detail: "a browser may connect from this gateway's own pages only" })
}

/** The one that bodies are read with: what would poison a prototype is refused. */
function parserOf(app: App): JsonParser {
  const parser = app.getDefaultJsonParser('error', 'error')
  return text => {
    let parsed: unknown
    void parser(null as never, text, (error, body) => {
      if (error !== null) throw error
      parsed = body
    })
    return parsed
  }
}
