/** What a secret looks like, by its name or in running text, and how to take it out of what people will read. */

export const REDACTED = '[redacted]'

/** The ends of names that hold secrets: `x-api-key`, `apiKey`, `refresh_token`, but not `tokens_in` or `max_tokens`. */
const SECRET_NAME =
  'authorization|api[-_]?key|(?:access|private|signing|encryption)[-_]?key|pass(?:word|wd|phrase)|secret(?:[-_]?id)?|token|credentials?|cookie|dsn|database[-_]?url|connection[-_]?string'

const NAMED_SECRET = new RegExp(`(?:${SECRET_NAME})$`, 'i')
const LINE_NAMES_A_SECRET = new RegExp(`(?:${SECRET_NAME})":`, 'i')

const SECRETS_IN_TEXT: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  [/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, `$1 ${REDACTED}`],
  [/\bsk-[\w-]{8,}/g, REDACTED],
  [/\batp_[\w-]{43}/g, REDACTED],
  [/(:\/\/[^\s:@/"\\]*:)[^\s@/"\\]+@/g, `$1${REDACTED}@`],
  [new RegExp(`((?:${SECRET_NAME})\\\\?":\\s*\\\\?")[^"\\\\]+`, 'gi'), `$1${REDACTED}`],
  [new RegExp(`([?&](?:${SECRET_NAME}|key)=)[^&\\s"\\\\]+`, 'gi'), `$1${REDACTED}`],
]

export function isSecretName(name: string): boolean {
  return NAMED_SECRET.test(name)
}

/** Text without the secrets that give themselves away: bearer tokens, `sk-` and `atp_` keys, passwords in URLs, queries and JSON. */
export function redactText(text: string): string {
  let clean = text
  for (const [pattern, replacement] of SECRETS_IN_TEXT) clean = clean.replace(pattern, replacement)
  return clean
}

/**
 * A line of JSON without secrets, at any depth. It sees what is really written, after all serialisers and bindings, and
 * parses only the rare line that names a secret: a plain line costs a few scans.
 */
export function redactLine(line: string): string {
  if (!LINE_NAMES_A_SECRET.test(line)) return redactText(line)
  return redactText(`${JSON.stringify(JSON.parse(line, redactNamed))}\n`)
}

function redactNamed(name: string, value: unknown): unknown {
  const hidesNothing = value === null || typeof value === 'boolean'
  return isSecretName(name) && !hidesNothing ? REDACTED : value
}
