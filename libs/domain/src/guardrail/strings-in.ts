/**
 * Every text in a JSON value, each with its path, and the value with the texts replaced. What is not known to be no text is one, so that a field that an
 * API gets tomorrow is looked at too.
 */

export interface FoundString {
  readonly text: string
  /** As `messages[2].content`. */
  readonly path: string
  /** A tool call's arguments, which are JSON in a string. */
  readonly isJson: boolean
}

/** Names, references and bytes: what an API reads, or nobody. An object of such a name is no such thing: a schema may call a property so. */
const NO_TEXT = new Set([
  'role',
  'type',
  'id',
  'object',
  'index',
  'model',
  'service_tier',
  'system_fingerprint',
  'call_id',
  'tool_call_id',
  'tool_use_id',
  'finish_reason',
  'format',
  'detail',
  'mime_type',
  'media_type',
  'mimeType',
  'mediaType',
  // Bytes in Base64.
  'data',
  'file_data',
  'b64_json',
  'signature',
  'thought_signature',
  'encrypted_content',
])

/** Of ours: a decision's seed, a task's name. */
const OPTIONS = 'atp'

/** @returns the same value, where `replace` changed nothing */
export function replaceStrings(
  value: unknown,
  path: string,
  replace: (found: FoundString) => string,
): unknown {
  if (typeof value === 'string') {
    return replace({ text: value, path, isJson: path.endsWith('.arguments') })
  }
  if (typeof value !== 'object' || value === null) return value
  return Array.isArray(value) ? inArray(value, path, replace) : inObject(value, path, replace)
}

function inArray(
  values: readonly unknown[],
  path: string,
  replace: (found: FoundString) => string,
): readonly unknown[] {
  let copy: unknown[] | null = null
  for (let at = 0; at < values.length; at++) {
    const item = values[at]
    const replaced = replaceStrings(item, `${path}[${indexOf(item, at)}]`, replace)
    if (replaced === item) continue
    copy ??= [...values]
    copy[at] = replaced
  }
  return copy ?? values
}

/** Parts of a stream say themselves which they are. */
function indexOf(item: unknown, at: number): number {
  const index = (item as { readonly index?: unknown } | null)?.index
  return typeof index === 'number' ? index : at
}

function inObject(value: object, path: string, replace: (found: FoundString) => string): object {
  let copy: Record<string, unknown> | null = null
  for (const [key, item] of Object.entries(value)) {
    if (typeof item !== 'object' && (typeof item !== 'string' || isNoText(key, item, path))) continue
    if (key === OPTIONS) continue
    const replaced = replaceStrings(item, path === '' ? key : `${path}.${key}`, replace)
    if (replaced === item) continue
    copy ??= { ...value }
    // Not an assignment: `__proto__` is a name like any other.
    Object.defineProperty(copy, key, {
      value: replaced,
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
  return copy ?? value
}

function isNoText(key: string, text: string, path: string): boolean {
  if (NO_TEXT.has(key)) return true
  // A function's name leads to code; a person's may be an address.
  if (key === 'name') return path.endsWith('function') || path.endsWith('function_call')
  return (key === 'url' || key === 'image_url') && text.startsWith('data:')
}
