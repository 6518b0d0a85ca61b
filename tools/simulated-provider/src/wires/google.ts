/** Google's Gemini API: documented, not recorded (ai.google.dev, "generateContent" and "streamGenerateContent"). */
import { inputOf, joined, sse, type Wire, type WireAnswer, type WireRequest } from './wire.ts'

const FINISH_REASONS = { stop: 'STOP', length: 'MAX_TOKENS', tool_calls: 'STOP', refusal: 'SAFETY' } as const

export const google: Wire = {
  kind: 'google',
  streamType: 'text/event-stream',
  basePath: '/v1beta',
  keyOf: headers => headers['x-goog-api-key'] ?? '',
  modelOf: request => addressed(request).model,
  isStreamed: request => addressed(request).method === 'streamGenerateContent',
  whole: (answer, model) =>
    response(
      model,
      [
        ...(answer.reasoning === undefined ? [] : [{ text: joined(answer.reasoning), thought: true }]),
        ...(answer.text === undefined ? [] : [{ text: joined(answer.text) }]),
        ...callParts(answer),
      ],
      answer,
    ),
  frames: (answer, model) => ({
    opening: [],
    content: [
      ...(answer.reasoning ?? []).map(text => sse(response(model, [{ text, thought: true }]))),
      ...(answer.text ?? []).map(text => sse(response(model, [{ text }]))),
      ...callParts(answer).map(part => sse(response(model, [part]))),
    ],
    ending: [sse(response(model, [{ text: '' }], answer))],
  }),
  error: (code, message) => ({ error: { code, message, status: STATUSES[code] ?? 'UNAVAILABLE' } }),
  errorFrame: message => sse({ error: { code: 503, message, status: 'UNAVAILABLE' } }),
  garbageFrame: () => sse('{"candidates": [{"content": {"par'),
}

const STATUSES: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  429: 'RESOURCE_EXHAUSTED',
}

/** `/v1beta/models/MODEL:METHOD`. */
function addressed({ path }: WireRequest) {
  const [, model = '', method = ''] = /\/models\/([^:]+):(\w+)/.exec(path) ?? []
  return { model, method }
}

function callParts({ calls = [] }: WireAnswer): object[] {
  return calls.map(call => ({
    functionCall: { id: call.id, name: call.name, args: inputOf(call) },
    thoughtSignature: 'c2lnbmF0dXJl',
  }))
}

/** @param ended for the chunk that ends the answer, or the whole of it */
function response(modelVersion: string, parts: readonly object[], ended?: WireAnswer): object {
  const usage = ended?.usage ?? null
  return {
    candidates: [
      {
        content: { parts, role: 'model' },
        ...(ended === undefined ? {} : { finishReason: FINISH_REASONS[ended.finish] }),
        index: 0,
      },
    ],
    ...(usage === null
      ? {}
      : {
          usageMetadata: {
            promptTokenCount: usage.input,
            candidatesTokenCount: usage.output,
            totalTokenCount: usage.input + usage.output,
            ...(usage.cached === undefined ? {} : { cachedContentTokenCount: usage.cached }),
          },
        }),
    modelVersion,
    responseId: 'simulated',
  }
}
