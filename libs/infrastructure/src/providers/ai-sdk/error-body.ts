/** An upstream's error as OpenAI's clients read it: `{"error": {"message": ...}}`. */

interface ErrorBody {
  readonly error?: { readonly message?: unknown; readonly type?: unknown } | string | null
  readonly message?: unknown
}

/** @returns the body as it came, where no message is found in it */
export function openAiErrorBody(body: Buffer): Buffer {
  const { error, message } = parsed(body)
  const { message: inner, type = 'invalid_request_error' } =
    typeof error === 'object' && error !== null ? error : {}
  const text = inner ?? message ?? error
  if (typeof text !== 'string') return body
  return Buffer.from(JSON.stringify({ error: { message: text, type, param: null, code: null } }))
}

function parsed(body: Buffer): ErrorBody {
  try {
    const value: unknown = JSON.parse(body.toString())
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
