/** Step 2 for OpenAI's Responses: they pass through to the model that is named, where its adapter speaks them. */
import { AtpError, type FieldProblem } from '@atp/core/errors'
import { type AdapterRegistry, type ResponseBody, responsePromptOf } from '@atp/domain/adapter'
import { AUTO, type Preset, type RoutingRequest } from '@atp/domain/routing'
import { mayUse } from '@atp/domain/tenant'
import type { Exchange } from './exchange.ts'
import { namedRequest } from './named-request.ts'
import { BYTES_PER_IMAGE } from './prompt-measure.ts'

export interface ResponseRequestsOptions {
  readonly registry: Pick<AdapterRegistry, 'arms' | 'resolve'>
  /** What counts where several adapters serve the model, and nobody says. */
  readonly preference: Preset
  readonly countTokens: (body: ResponseBody) => number
}

export class ResponseRequests {
  readonly #options: ResponseRequestsOptions

  constructor(options: ResponseRequestsOptions) {
    this.#options = options
  }

  /** @throws {AtpError} `unknown_model` where the model is not named, or does not speak them; `not_found` where it would have to remember */
  request(exchange: Exchange<ResponseBody>): RoutingRequest {
    const { body } = exchange
    requireNoMemory(body)
    this.#requireSpeaker(exchange)
    return namedRequest(exchange, this.#options.preference, {
      required: REQUIRED,
      inputBytes: bytesOf(body),
      countTokens: () => this.#options.countTokens(body),
      ...(body.max_output_tokens == null ? {} : { maxOutputTokens: body.max_output_tokens }),
    })
  }

  #requireSpeaker({ body: { model }, caller }: Exchange<ResponseBody>): void {
    const { registry } = this.#options
    const speaks = (arm: ReturnType<typeof registry.arms>[number]) =>
      arm.capabilities.has('responses') && mayUse(caller.tenant, arm)
    if (model !== AUTO && registry.resolve(model).some(speaks)) return
    const speakers = registry.arms().filter(speaks)
    throw new AtpError('unknown_model', {
      detail:
        '/v1/responses passes through to models whose adapter has `responses: true`, by their names; /v1/chat/completions serves the others, and auto',
      problems: [
        {
          field: 'model',
          found: model,
          allowed: speakers.length === 0 ? 'none here' : `one of ${speakers.map(({ id }) => id).join(', ')}`,
        },
      ],
    })
  }
}

const REQUIRED = ['responses'] as const

/** Whoever would have to remember is an account that the next request may not reach. */
function requireNoMemory(body: ResponseBody): void {
  const problems: FieldProblem[] = []
  for (const field of ['previous_response_id', 'conversation'] as const) {
    if (body[field] != null) {
      problems.push({
        field,
        found: 'a reference to an earlier response',
        allowed: 'the earlier turns in `input`',
      })
    }
  }
  for (const field of ['store', 'background'] as const) {
    if (body[field] === true) problems.push({ field, found: 'true', allowed: 'false, or leave it out' })
  }
  if (problems.length === 0) return
  throw new AtpError('not_found', {
    detail: 'responses are not kept here, and cannot be fetched later',
    problems,
  })
}

function bytesOf(body: ResponseBody): number {
  const { texts, attachments } = responsePromptOf(body)
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), attachments * BYTES_PER_IMAGE)
}
