/** What a model answers to a request: text, JSON or a tool call, cut at the token limit, and the tokens it took. */
import { answerText } from './answer-text.ts'
import type { ChatRequest, ToolFunction } from './chat-request.ts'
import { kindOfPrompt } from './kind-of-prompt.ts'
import { instanceOf } from './schema-instance.ts'
import { countPromptTokens, tokenize } from './tokens.ts'
import type { UpstreamModel } from './upstream-model.ts'

export interface Answer {
  /** The tool that is called; null for a text. */
  readonly tool: string | null
  /** Pieces of the text, or of the tool call's arguments. */
  readonly tokens: readonly string[]
  readonly finishReason: 'stop' | 'length' | 'tool_calls'
  readonly usage: Usage | null
}

export interface Usage {
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly total_tokens: number
}

/** Bills the model for it, whatever its usage figures say. */
export function answerTo(request: ChatRequest, upstream: UpstreamModel, seed: number): Answer {
  const tool = calledTool(request)
  const text = tool === null ? writtenAnswer(request, upstream, seed) : JSON.stringify(argumentsFor(tool))
  const all = tokenize(text)
  const tokens = all.slice(0, request.maxTokens)
  const promptTokens = countPromptTokens(request.texts)
  upstream.bill(promptTokens, tokens.length)
  return {
    tool: tool?.name ?? null,
    tokens,
    finishReason: tokens.length < all.length ? 'length' : tool === null ? 'stop' : 'tool_calls',
    usage: statedUsage(upstream, promptTokens, tokens.length),
  }
}

/** A tool is called where the request forces it, or the prompt names it or asks for one; never twice for one question. */
function calledTool({ tools, toolChoice, prompt, lastRole }: ChatRequest): ToolFunction | null {
  if (toolChoice === 'none' || tools.length === 0) return null
  if (typeof toolChoice === 'object') return tools.find(({ name }) => name === toolChoice.name) ?? null
  const named = tools.find(({ name }) => prompt.includes(name))
  if (toolChoice === 'required') return named ?? tools[0] ?? null
  if (lastRole === 'tool') return null
  return (
    named ?? (/\b(use|call|with)\b.{0,40}\b(tool|function)s?\b/i.test(prompt) ? (tools[0] ?? null) : null)
  )
}

function argumentsFor(tool: ToolFunction): unknown {
  return instanceOf(tool.parameters ?? { type: 'object' })
}

function writtenAnswer(request: ChatRequest, upstream: UpstreamModel, seed: number): string {
  const { format, prompt } = request
  if (typeof format === 'object') return JSON.stringify(instanceOf(format.schema))
  const kind = kindOfPrompt(prompt)
  const quality = upstream.quality(kind, request.texts.join('\n'))
  if (format === 'json_object') return JSON.stringify({ simulated: true, kind, quality })
  return answerText(kind, quality, upstream.model.elaborates, seed, prompt)
}

const WRONG_BY = 3

function statedUsage(upstream: UpstreamModel, prompt: number, completion: number): Usage | null {
  switch (upstream.faults.usage ?? 'right') {
    case 'right':
      return usageOf(prompt, completion)
    case 'wrong':
      return usageOf(prompt * WRONG_BY, completion * WRONG_BY)
    case 'zero':
      return usageOf(0, 0)
    case 'none':
      return null
  }
}

function usageOf(prompt: number, completion: number): Usage {
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion }
}
