/** One request with a JSON body, and all of its answer. */

export interface Answered<Body> {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The text as JSON; null where it is none. */
  readonly body: Body
}

export async function post<Body = Record<string, unknown>>(
  gateway: { readonly url: string },
  path: string,
  body: unknown,
): Promise<Answered<Body>> {
  return answered(
    await fetch(gateway.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  )
}

export async function get<Body = Record<string, unknown>>(
  gateway: { readonly url: string },
  path: string,
): Promise<Answered<Body>> {
  return answered(await fetch(gateway.url + path))
}

async function answered<Body>(response: Response): Promise<Answered<Body>> {
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, body: jsonOf(text) as Body }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
