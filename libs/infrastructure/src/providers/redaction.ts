/** Hides a key, should an upstream repeat it. */
import type { Secret } from '@atp/core/secret'

export function redactionOf(apiKey: Secret | null): (body: Buffer) => Buffer {
  const key = apiKey?.reveal() ?? ''
  if (key === '') return body => body
  return body => (body.includes(key) ? Buffer.from(body.toString().replaceAll(key, '[redacted]')) : body)
}
