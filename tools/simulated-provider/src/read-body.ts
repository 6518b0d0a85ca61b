import type { IncomingMessage } from 'node:http'

/** @returns null where the client broke off in the middle of its body */
export function readBody(request: IncomingMessage): Promise<Buffer | null> {
  return new Promise(resolve => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => resolve(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)))
    request.on('close', () => resolve(null))
  })
}
