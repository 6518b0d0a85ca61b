/** `GET /control`, `GET /control/stats`, `PUT /control/models/{name}`, `PUT /control/accounts/{name}`. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Control } from './control.ts'
import { OpenAiError, sendError, sendJson } from './openai-error.ts'
import { readBody } from './read-body.ts'

export async function serveControl(
  control: Control,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method === 'GET' && path === '/control') return sendJson(response, 200, control.state())
  if (request.method === 'GET' && path === '/control/stats') return sendJson(response, 200, control.stats())
  const [, , what, name] = path.split('/')
  if (request.method !== 'PUT' || name === undefined || (what !== 'models' && what !== 'accounts')) {
    return sendError(response, new OpenAiError(404, `There is no ${request.method} ${path}.`))
  }
  const body = await readBody(request)
  if (body === null) return
  try {
    const faults: unknown = JSON.parse(body.toString())
    if (what === 'models') control.setModel(decodeURIComponent(name), faults)
    else control.setAccount(decodeURIComponent(name), faults)
  } catch (error) {
    const status = error instanceof RangeError ? 404 : 400
    return sendError(response, new OpenAiError(status, (error as Error).message))
  }
  sendJson(response, 200, control.state())
}
