/** What Node's parser refuses before there is a request: answered in our shape, on a socket that then closes. */
import type { Socket } from 'node:net'
import { AtpError, type ErrorCode } from '@atp/core/errors'
import { errorResponse } from './error-response.ts'

const CODES: Readonly<Record<string, readonly [ErrorCode, detail: string]>> = {
  HPE_HEADER_OVERFLOW: ['headers_too_large', 'the headers are longer than the server takes'],
  ERR_HTTP_REQUEST_TIMEOUT: ['request_timeout', 'the request did not arrive in time'],
}
const MALFORMED = ['invalid_request', 'this is no HTTP request that can be read'] as const

export function clientError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [code, detail] = CODES[error.code ?? ''] ?? MALFORMED
  const { status, contentType, body } = errorResponse(new AtpError(code, { detail }), 'atp')
  const head = [
    `HTTP/1.1 ${status} ${code}`,
    `content-type: ${contentType}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
