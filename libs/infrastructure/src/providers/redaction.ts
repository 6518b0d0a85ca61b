/** Hides keys, should an upstream repeat them. */

export function redactionOf(secrets: readonly string[]): (body: Buffer) => Buffer {
  const keys = secrets.filter(key => key !== '')
  return body =>
    keys.some(key => body.includes(key))
      ? Buffer.from(keys.reduce((text, key) => text.replaceAll(key, '[redacted]'), body.toString()))
      : body
}
