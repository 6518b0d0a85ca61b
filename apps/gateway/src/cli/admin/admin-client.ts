/** The admin API of a running gateway. */
import { renderProblems } from '@atp/core/config'
import type { FieldProblem } from '@atp/core/errors'
import { AdminError } from './admin-error.ts'

/** A hang, nothing else: the largest report takes a tenth of it. */
const TIMEOUT_MS = 60_000
const LONGEST_REASON = 300

export interface Answer<Body> {
  readonly body: Body
  readonly etag: string | null
}

export interface Call {
  readonly query?: Readonly<Record<string, string | undefined>>
  readonly body?: object
  /** The ETag of what is to be changed. */
  readonly match?: string
}

export class AdminClient {
  readonly #base: string
  readonly #key: string

  constructor(url: string, key: string) {
    this.#base = `${url.replace(/\/+$/, '')}/admin/v1`
    this.#key = key
  }

  /** @throws {AdminError} where nobody answers, or the gateway refuses */
  async call<Body>(method: string, path: string, { query, body, match }: Call = {}): Promise<Answer<Body>> {
    const { response, text } = await this.#fetch(`${this.#base}${path}${queryOf(query)}`, {
      method,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: {
        authorization: `Bearer ${this.#key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(match === undefined ? {} : { 'if-match': match }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (!response.ok) throw new AdminError(reasonIn(text, response.status))
    return { body: this.#parsed(text) as Body, etag: response.headers.get('etag') }
  }

  /** All pages of a list. */
  async all<Item>(path: string, query: Call['query'] = {}): Promise<Item[]> {
    const items: Item[] = []
    let after: string | undefined
    do {
      const page = { ...query, limit: '200', after }
      const { body } = await this.call<{ data: Item[]; next: string | null }>('GET', path, { query: page })
      items.push(...body.data)
      after = body.next ?? undefined
    } while (after !== undefined)
    return items
  }

  async #fetch(url: string, request: RequestInit) {
    try {
      const response = await fetch(url, request)
      return { response, text: await response.text() }
    } catch (cause) {
      const { cause: why } = cause as { cause?: { code?: string; message?: string } }
      const reason = why?.code ?? why?.message ?? (cause as Error).message
      const where = this.#base.slice(0, -'/admin/v1'.length)
      throw new AdminError(
        `no gateway answers at ${where} (${reason}): is it running, and is --url where it listens?`,
        { cause },
      )
    }
  }

  #parsed(text: string): unknown {
    if (text === '') return null
    try {
      return JSON.parse(text)
    } catch (cause) {
      throw new AdminError(`${this.#base} is not answered by an ATP gateway: no JSON came`, { cause })
    }
  }
}

function queryOf(query: Call['query'] = {}): string {
  const said = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return said.length === 0 ? '' : `?${new URLSearchParams(said)}`
}

/** The sentence in a problem document, and each field that is wrong; otherwise the body as it came. */
function reasonIn(body: string, status: number): string {
  try {
    const { detail, problems = [] } = JSON.parse(body) as { detail?: string; problems?: FieldProblem[] }
    if (detail !== undefined) return [detail, renderProblems(problems)].filter(line => line !== '').join('\n')
  } catch {
    // Somebody else than a gateway.
  }
  return `${status}: ${body.slice(0, LONGEST_REASON)}`
}
