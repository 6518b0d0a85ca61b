/** A server that speaks one wire format: each request is answered, or wronged, as it is told. */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { setImmediate as flushed } from 'node:timers/promises'
import type { Wire, WireAnswer, WireRequest } from './wire.ts'

export type WireReply =
  /** `after` pieces of content, where it is streamed, it goes wrong so. */
  | { readonly answer: WireAnswer; readonly after?: number; readonly fault?: WireFault }
  | { readonly status: number; readonly message: string; readonly headers?: Readonly<Record<string, string>> }
  /** Never. */
  | 'silence'

/** `end` closes the stream in good order, without what says that the answer is complete. */
export type WireFault = 'cut' | 'stall' | 'error' | 'garbage' | 'end'

export interface WireServer extends AsyncDisposable {
  readonly baseUrl: string
  readonly received: readonly WireRequest[]
  readonly sockets: readonly Socket[]
  /** The last response that was begun. */
  readonly response: () => ServerResponse | undefined
}

export async function startWireServer(
  wire: Wire,
  reply: (request: WireRequest, nth: number) => WireReply | Promise<WireReply>,
): Promise<WireServer> {
  const received: WireRequest[] = []
  const sockets: Socket[] = []
  let last: ServerResponse | undefined
  const server = createServer(async (message, response) => {
    last = response
    const request = {
      path: message.url ?? '/',
      headers: singleHeaders(message.headers),
      body: JSON.parse(await text(message)),
    }
    received.push(request)
    await send(wire, request, response, await reply(request, received.length))
  })
  server.on('connection', socket => {
    socket.on('error', () => undefined)
    sockets.push(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}${wire.basePath}`,
    received,
    sockets,
    response: () => last,
    [Symbol.asyncDispose]: () => closed(server),
  }
}

async function send(
  wire: Wire,
  request: WireRequest,
  response: ServerResponse,
  reply: WireReply,
): Promise<void> {
  if (reply === 'silence') return
  if ('status' in reply) {
    response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers })
    response.end(JSON.stringify(wire.error(reply.status, reply.message)))
    return
  }
  const model = wire.modelOf(request)
  if (wire.isStreamed(request)) {
    await sendStream(wire, model, response, reply)
    return
  }
  const whole = JSON.stringify(wire.whole(reply.answer, model))
  response.writeHead(200, { 'content-type': 'application/json' })
  if (reply.fault === 'garbage') response.end(whole.slice(0, -2))
  else response.end(whole)
}

async function sendStream(
  wire: Wire,
  model: string,
  response: ServerResponse,
  { answer, after = 0, fault }: Extract<WireReply, { readonly answer: WireAnswer }>,
): Promise<void> {
  const { opening, content, ending } = wire.frames(answer, model)
  response.writeHead(200, { 'content-type': wire.streamType })
  const frames =
    fault === undefined ? [...opening, ...content, ...ending] : [...opening, ...content.slice(0, after)]
  response.flushHeaders()
  for (const frame of frames) response.write(frame)
  if (fault === 'stall') return
  if (fault === 'error') response.write(wire.errorFrame('simulated overload'))
  if (fault === 'garbage') response.write(wire.garbageFrame())
  if (fault === 'cut') {
    await flushed()
    response.socket?.destroySoon()
  } else {
    response.end()
  }
}

async function closed(server: Server): Promise<void> {
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
}

function singleHeaders(headers: IncomingHttpHeaders): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value?.toString()]))
}
