/** An account that was addressed, and what every request to one of its models goes through: count, misbehave if asked to, answer. */
import type { ServerResponse } from 'node:http'
import { OpenAiError, sendError } from './openai-error.ts'
import { type Ending, stall } from './reply.ts'
import type { UpstreamModel } from './upstream-model.ts'

export interface Endpoint {
  readonly seed: number
  /** Multiplies every latency; 0 answers at once. */
  readonly timeScale: number
  /** The model of that name on the account that was addressed. */
  readonly find: (model: string) => UpstreamModel | undefined
  readonly nextId: () => string
}

/** @param answer told by its signal when the client leaves */
export async function servedBy(
  upstream: UpstreamModel,
  response: ServerResponse,
  answer: (gone: AbortSignal) => Promise<Ending>,
): Promise<void> {
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  const { stats } = upstream
  stats.in_flight += 1
  try {
    const ending = await admitted(upstream, response, answer, gone.signal)
    if (ending === 'completed') stats.completed += 1
    else if (ending === 'fault') stats.faults += 1
    else stats.aborted_by_client += 1
  } finally {
    stats.in_flight -= 1
  }
}

async function admitted(
  upstream: UpstreamModel,
  response: ServerResponse,
  answer: (gone: AbortSignal) => Promise<Ending>,
  gone: AbortSignal,
): Promise<Ending> {
  switch (upstream.admit()) {
    case 'rate_limit':
      sendError(response, rateLimited(upstream))
      return 'fault'
    case 'error':
      sendError(response, failed(upstream))
      return 'fault'
    case 'stall':
      return stall(gone)
    case 'serve':
      return answer(gone)
  }
}

export function modelNotFound(model: string): OpenAiError {
  return new OpenAiError(404, `The model '${model}' does not exist or you do not have access to it.`, {
    param: 'model',
    code: 'model_not_found',
  })
}

function rateLimited({ faults, model }: UpstreamModel): OpenAiError {
  const seconds = faults.retry_after_s ?? 1
  return new OpenAiError(429, `Rate limit reached for ${model.name}. Please try again in ${seconds}s.`, {
    type: 'requests',
    code: 'rate_limit_exceeded',
    headers: {
      'retry-after': String(Math.ceil(seconds)),
      'retry-after-ms': String(Math.round(seconds * 1000)),
    },
  })
}

function failed({ faults }: UpstreamModel): OpenAiError {
  return new OpenAiError(faults.error_status ?? 500, 'The server had an error while processing your request.')
}
