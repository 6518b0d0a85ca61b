/** A message's content: a text, or parts that are text, images by URL or data, and documents as data. */
import type {
  LanguageModelV4FilePart,
  LanguageModelV4TextPart,
  SharedV4ProviderOptions,
} from '@ai-sdk/provider'
import { refuseOtherKeys } from './accepted-fields.ts'
import { cacheControlIn } from './cache-control.ts'
import type { Kind } from './kind.ts'
import { described, named, type Unsupported } from './unsupported.ts'

export interface Part<Content> {
  readonly part: Content
  /** The options that mark it for caching. */
  readonly cached: SharedV4ProviderOptions | null
}

export type Content = LanguageModelV4TextPart | LanguageModelV4FilePart
type Fields = Readonly<Record<string, unknown>>

export function partsOf(content: unknown, at: string, kind: Kind, unsupported: Unsupported): Part<Content>[] {
  if (typeof content === 'string') return [{ part: { type: 'text', text: content }, cached: null }]
  if (!Array.isArray(content)) {
    unsupported.add(at, described(content), 'a text or a list of parts')
    return []
  }
  return content.flatMap((value: Fields | null, index) => {
    const where = `${at}[${index}]`
    const part = partOf(value ?? {}, where, kind, unsupported)
    return part === null
      ? []
      : [{ part, cached: cacheControlIn(value ?? {}, where, kind.cache, unsupported) }]
  })
}

export function refuseOtherThanText(
  parts: readonly Part<Content>[],
  at: string,
  unsupported: Unsupported,
): Part<LanguageModelV4TextPart>[] {
  return parts.flatMap(({ part, cached }) => {
    if (part.type === 'text') return [{ part, cached }]
    unsupported.add(`${at}.content`, 'a part that is no text', 'text alone in a message of this role')
    return []
  })
}

function partOf(value: Fields, at: string, kind: Kind, unsupported: Unsupported): Content | null {
  switch (value.type) {
    case 'text': {
      refuseOtherKeys(value, at, ['type', 'text', 'cache_control'], unsupported)
      if (typeof value.text === 'string') return { type: 'text', text: value.text }
      unsupported.add(`${at}.text`, described(value.text), 'a text')
      return null
    }
    case 'image_url':
      refuseOtherKeys(value, at, ['type', 'image_url', 'cache_control'], unsupported)
      return imageOf(value.image_url, `${at}.image_url`, unsupported)
    case 'file':
      if (kind.documents) {
        refuseOtherKeys(value, at, ['type', 'file', 'cache_control'], unsupported)
        return documentOf(value.file, `${at}.file`, unsupported)
      }
  }
  unsupported.add(
    `${at}.type`,
    named(value.type),
    kind.documents ? 'text, image_url, file' : 'text, image_url',
  )
  return null
}

function imageOf(value: unknown, at: string, unsupported: Unsupported): LanguageModelV4FilePart | null {
  const { url, detail } = (typeof value === 'object' && value !== null ? value : {}) as Fields
  if (detail != null && detail !== 'auto') {
    unsupported.add(`${at}.detail`, named(detail), '"auto": this upstream chooses by itself')
  }
  const data = dataOf(url)
  if (data?.mediaType.startsWith('image/') === true) return data
  const address = typeof url === 'string' && /^https?:/i.test(url) ? URL.parse(url) : null
  if (address !== null) return { type: 'file', mediaType: 'image/*', data: { type: 'url', url: address } }
  unsupported.add(`${at}.url`, described(url), 'an http or https URL, or data:image/...;base64,...')
  return null
}

function documentOf(value: unknown, at: string, unsupported: Unsupported): LanguageModelV4FilePart | null {
  const fields = (typeof value === 'object' && value !== null ? value : {}) as Fields
  refuseOtherKeys(fields, at, ['filename', 'file_data'], unsupported)
  const { filename, file_data } = fields
  const data = dataOf(file_data)
  if (data === null) {
    unsupported.add(
      `${at}.file_data`,
      described(file_data),
      'data:application/pdf;base64,... or another type',
    )
    return null
  }
  return typeof filename === 'string' ? { ...data, filename } : data
}

/** Of a data URL in base64; null where it is none. No regular expression goes over its megabytes. */
function dataOf(url: unknown): LanguageModelV4FilePart | null {
  if (typeof url !== 'string' || !url.startsWith('data:')) return null
  const comma = url.indexOf(',')
  const [mediaType = '', ...parameters] = url.slice('data:'.length, comma).split(';')
  if (comma < 0 || mediaType === '' || parameters.at(-1) !== 'base64') return null
  return { type: 'file', mediaType, data: { type: 'data', data: url.slice(comma + 1) } }
}
