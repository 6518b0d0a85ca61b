/** What an HTTP header can carry, and which of them are not for configuration. */

/** Visible ASCII and spaces: no line break, so that no header can smuggle in another. */
export const HEADER_VALUE_PATTERN = '^[\\x20-\\x7e]*$'

/** They frame the message: whoever sends it sets them. In small letters. */
export const FRAMING_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
])
