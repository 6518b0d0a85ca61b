/** Blocks that any message may hold, as the parts of a chat completion's: text and images. */
import { kindOf, requireOnly, untranslatable } from './untranslatable.ts'

/** A part of an OpenAI message; `cache_control` goes along for upstreams that know it. */
export type ContentPart = Readonly<Record<string, unknown>>

export interface Block {
  readonly type: string
  readonly [field: string]: unknown
}

const IMAGE_TYPES = ['image/jpeg', 'image/png', 'image/gif', 'image/webp']

/** @throws {AtpError} `invalid_request` where it is neither text nor an image */
export function partOf(block: Block, at: string): ContentPart {
  if (block.type === 'text') return textPart(block, at)
  if (block.type === 'image') return imagePart(block, at)
  throw untranslatable(`${at}.type`, JSON.stringify(block.type), 'text, image')
}

/** @throws {AtpError} `invalid_request` where it is no text */
export function textPart(block: Block, at: string): ContentPart {
  if (block.type !== 'text') throw untranslatable(`${at}.type`, JSON.stringify(block.type), 'text')
  requireOnly(block, ['type', 'text', 'cache_control'], at)
  if (typeof block.text !== 'string') throw untranslatable(`${at}.text`, kindOf(block.text), 'a text')
  return { type: 'text', text: block.text, ...cacheControl(block) }
}

/** One text that says nothing of caching needs no parts, which some upstreams do not know. */
export function contentOf(parts: readonly ContentPart[]): string | readonly ContentPart[] {
  const [only] = parts
  const isPlain = parts.length === 1 && only?.type === 'text' && only.cache_control === undefined
  return isPlain ? (only.text as string) : parts
}

export function cacheControl({ cache_control }: Readonly<Record<string, unknown>>): ContentPart {
  return cache_control == null ? {} : { cache_control }
}

function imagePart(block: Block, at: string): ContentPart {
  requireOnly(block, ['type', 'source', 'cache_control'], at)
  return {
    type: 'image_url',
    image_url: { url: urlOf(block.source, `${at}.source`) },
    ...cacheControl(block),
  }
}

function urlOf(source: unknown, at: string): string {
  const { type, media_type, data, url } = (source ?? {}) as Readonly<Record<string, unknown>>
  if (type === 'url' && typeof url === 'string') return url
  if (type !== 'base64') throw untranslatable(`${at}.type`, JSON.stringify(type ?? null), 'base64, url')
  if (typeof media_type !== 'string' || !IMAGE_TYPES.includes(media_type)) {
    throw untranslatable(`${at}.media_type`, JSON.stringify(media_type ?? null), IMAGE_TYPES.join(', '))
  }
  if (typeof data !== 'string') throw untranslatable(`${at}.data`, kindOf(data), 'a text')
  return `data:${media_type};base64,${data}`
}
