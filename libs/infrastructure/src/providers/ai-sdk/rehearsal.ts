/**
 * Has the SDK write a request that is sent nowhere: it tells what it would leave out only beside an answer, and then the answer
 * would have been paid for.
 */
import {
  AISDKError,
  type LanguageModelV4,
  type LanguageModelV4CallOptions,
  type SharedV4Warning,
  UnsupportedFunctionalityError,
} from '@ai-sdk/provider'
import type { FieldProblem } from '@atp/core/errors'
import { type ChatBody, UpstreamError } from '@atp/domain/adapter'
import type { Fetch } from './kind.ts'
import { described, named, unsupported } from './unsupported.ts'

export const NOWHERE: Fetch = async () => new Response(new Uint8Array())

/**
 * @param model one whose `fetch` is `NOWHERE`
 * @throws {UpstreamError} `unsupported`, where the request would not be what the client asked for
 */
export async function rehearse(
  model: LanguageModelV4,
  options: LanguageModelV4CallOptions,
  body: ChatBody,
): Promise<void> {
  const unreachable = await unreachableFiles(model, options)
  const problems = unreachable.length > 0 ? unreachable : await leftOut(model, options, body)
  if (problems.length > 0) throw unsupported(problems)
}

/** Files that the upstream does not fetch by itself; nor does the gateway, which would reach where no client may. */
async function unreachableFiles(
  model: LanguageModelV4,
  { prompt }: LanguageModelV4CallOptions,
): Promise<FieldProblem[]> {
  const reachable = Object.values(await model.supportedUrls).flat()
  return prompt.flatMap(({ role, content }) => {
    if (role !== 'user') return []
    return content.flatMap(part => {
      if (part.type !== 'file' || part.data.type !== 'url') return []
      const { href } = part.data.url
      if (reachable.some(pattern => pattern.test(href))) return []
      return [{ field: 'messages', found: 'an image by its address', allowed: 'data:image/...;base64,...' }]
    })
  })
}

async function leftOut(
  model: LanguageModelV4,
  options: LanguageModelV4CallOptions,
  body: ChatBody,
): Promise<FieldProblem[]> {
  try {
    const { stream } = await model.doStream(options)
    for await (const part of stream) {
      if (part.type === 'stream-start') return part.warnings.flatMap(warning => problemOf(warning, body))
    }
    return []
  } catch (error) {
    if (!AISDKError.isInstance(error)) {
      // biome-ignore lint/style/useErrorCause: it may hold the request, and so the prompt
      throw new UpstreamError('internal', 'the request could not be translated')
    }
    const found = UnsupportedFunctionalityError.isInstance(error) ? error.functionality : error.name
    return [{ field: 'messages', found, allowed: NOTHING }]
  }
}

const NOTHING = 'nothing: this model cannot be asked for it'

/** What the SDK calls the fields of a request. */
const FIELDS: Readonly<Record<string, string>> = {
  frequencyPenalty: 'frequency_penalty',
  presencePenalty: 'presence_penalty',
  topP: 'top_p',
  topK: 'top_k',
  stopSequences: 'stop',
  responseFormat: 'response_format',
  toolChoice: 'tool_choice',
  toolContent: 'tools',
  strict: 'tools',
}

function problemOf(warning: SharedV4Warning, body: ChatBody): FieldProblem[] {
  // To do it in another way is no loss; and of a limit that we set the client knows nothing.
  if (warning.type === 'compatibility' || warning.type === 'deprecated') return []
  if (warning.type === 'other') return [{ field: 'messages', found: warning.message, allowed: NOTHING }]
  const { feature, details } = warning
  if (feature === 'maxOutputTokens') {
    const field = body.max_completion_tokens == null ? 'max_tokens' : 'max_completion_tokens'
    const limit = body[field]
    return limit == null ? [] : [{ field, found: String(limit), allowed: allowedBy(details) }]
  }
  const field = FIELDS[feature] ?? (/reasoning|thinking|effort/i.test(feature) ? 'reasoning_effort' : feature)
  const value = body[field]
  const found = field === 'reasoning_effort' ? named(value) : described(value)
  return [{ field, found, allowed: allowedBy(details) }]
}

/** The SDK says what is wrong, and then what it would do about it. */
const REMEDY = /(?:\.| and) (?:will be ignored|clamped to [\d.]+|The [\w ]+ (?:is|will be) ignored)\.?/g

function allowedBy(details: string | undefined): string {
  return details === undefined ? NOTHING : `another value, or none: ${details.replace(REMEDY, '')}`
}
