/** Reads the fields of one server-sent event (WHATWG HTML, section 9.2.6). */

export interface ServerSentEvent {
  /** The `event` field; empty where there is none. */
  readonly name: string
  /** The `data` fields, joined by newlines; null where there is none, as in a comment. */
  readonly data: string | null
}

export function parseEvent(bytes: Buffer): ServerSentEvent {
  let name = ''
  let data: string | null = null
  for (const line of bytes.toString().replace(BYTE_ORDER_MARK, '').split(LINE_END)) {
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    if (field !== 'data' && field !== 'event') continue
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'event') name = value
    else data = data === null ? value : `${data}\n${value}`
  }
  return { name, data }
}

const BYTE_ORDER_MARK = /^\uFEFF/
const LINE_END = /\r\n|\r|\n/
