/** What routing must know of a prompt, read in one pass without tokenizing it. */
import { type ChatBody, type ChatMessage, PROMPT_FIELDS } from '@atp/domain/adapter'
import type { Capability } from '@atp/domain/routing'

/** Roles and separators. */
const BYTES_PER_MESSAGE = 16
/** An image counts as about a thousand tokens, whatever the length of its base64. */
export const BYTES_PER_IMAGE = 4096

export interface PromptMeasure {
  /** UTF-8 bytes of what the prompt is made of, with an allowance for images: at least as many as its tokens. */
  readonly bytes: number
  /** Beside text. */
  readonly inputs: PromptInputs
}

export interface PromptInputs {
  readonly images: boolean
  readonly audio: boolean
  readonly files: boolean
}

const ONLY_TEXT: PromptInputs = { images: false, audio: false, files: false }

export function measurePrompt(body: ChatBody): PromptMeasure {
  let bytes = 0
  let inputs = ONLY_TEXT
  for (const { content, tool_calls } of body.messages) {
    bytes += BYTES_PER_MESSAGE
    if (tool_calls != null) bytes += Buffer.byteLength(JSON.stringify(tool_calls))
    if (typeof content === 'string') bytes += Buffer.byteLength(content)
    else if (Array.isArray(content)) {
      for (const part of content as ChatMessage[]) {
        const text = part?.text
        if (typeof text === 'string') bytes += Buffer.byteLength(text)
        else {
          inputs = withPart(inputs, part?.type)
          bytes += BYTES_PER_IMAGE
        }
      }
    }
  }
  for (const field of PROMPT_FIELDS) {
    if (body[field] != null) bytes += Buffer.byteLength(JSON.stringify(body[field]))
  }
  return { bytes, inputs }
}

function withPart(inputs: PromptInputs, type: unknown): PromptInputs {
  switch (type) {
    case 'image_url':
      return { ...inputs, images: true }
    case 'input_audio':
      return { ...inputs, audio: true }
    case 'file':
      return { ...inputs, files: true }
    default:
      return inputs
  }
}

const NOTHING: readonly Capability[] = []

/** What a model must offer to be a candidate for this body. */
export function requiredCapabilities(body: ChatBody, inputs: PromptInputs): readonly Capability[] {
  const tools = body.tools
  const format = (body.response_format as { type?: string } | undefined)?.type
  const wantsTools = Array.isArray(tools) && tools.length > 0
  const reasons = wantsReasoning(body.reasoning_effort)
  if (!wantsTools && !body.stream && !reasons && inputs === ONLY_TEXT && format === undefined) return NOTHING
  const required: Capability[] = []
  if (wantsTools) required.push('tools')
  if (body.stream) required.push('streaming')
  if (inputs.images) required.push('vision')
  if (inputs.audio) required.push('audio_input')
  if (inputs.files) required.push('pdf')
  if (reasons) required.push('reasoning')
  if (format === 'json_object') required.push('json_mode')
  if (format === 'json_schema') required.push('structured_outputs')
  return required
}

/** To ask for none is to ask for nothing: any model can. */
function wantsReasoning(effort: unknown): boolean {
  return typeof effort === 'string' && effort !== 'none'
}
