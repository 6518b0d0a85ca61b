/**
 * Secrets by a name alone, looked for in one place after the other. Only where a place has nothing the next is asked: one that does not answer
 * ends the search, or an outage would bring up an old key from elsewhere.
 */
import { type SecretPlace, SecretReference } from '@atp/core/config'
import { type SecretReading, type SecretSource, SecretUnreadable } from '@atp/core/secret-source'

/** One place of `secrets.sources`. */
export interface NamedPlace {
  /** `file:/directory`, `env:PREFIX` or `vault:path`. */
  readonly from: string
  /** The only names that are looked for there; `*` at the end stands for anything. */
  readonly names?: readonly string[]
}

export class NamedSource implements SecretSource {
  readonly #places: readonly NamedPlace[]
  readonly #sources: Readonly<Partial<Record<SecretPlace, SecretSource>>>

  constructor(places: readonly NamedPlace[], sources: Readonly<Partial<Record<SecretPlace, SecretSource>>>) {
    this.#places = places
    this.#sources = sources
  }

  async read(name: string): Promise<SecretReading> {
    const looked: SecretReference[] = []
    for (const reference of this.#lookedFor(name)) {
      looked.push(reference)
      const found = await this.#readAt(reference)
      if (found !== null) return found
    }
    const where = looked.length === 0 ? 'any place of secrets.sources' : looked.join(' nor ')
    throw new SecretUnreadable('missing', `which is not in ${where}`)
  }

  watch(name: string, changed: () => void): () => void {
    const watches = this.#lookedFor(name).map(each => this.#sourceOf(each).watch(each.path, changed))
    return () => {
      for (const end of watches) end()
    }
  }

  async close(): Promise<void> {}

  #lookedFor(name: string): SecretReference[] {
    return this.#places
      .filter(({ names }) => names === undefined || names.some(pattern => matches(name, pattern)))
      .map(({ from }) => referenceIn(from, name))
  }

  #sourceOf({ place }: SecretReference): SecretSource {
    const source = this.#sources[place]
    if (source === undefined) throw new SecretUnreadable('unreachable', `and there is no ${place}`)
    return source
  }

  async #readAt(reference: SecretReference): Promise<SecretReading | null> {
    try {
      const { fields, version, madeAt } = await this.#sourceOf(reference).read(reference.path, ANEW)
      const value = fields.get(reference.field)
      // It may be put into a place that is asked before, at any time: so it is looked for again, whatever this one says.
      return value === undefined
        ? null
        : { fields: new Map([['', value]]), version: `${reference}, ${version}`, madeAt, goodForMs: null }
    } catch (error) {
      if (!(error instanceof SecretUnreadable)) throw error
      if (error.reason === 'missing') return null
      // biome-ignore lint/style/useErrorCause: it has none, and this one says all that it said
      throw new SecretUnreadable(error.reason, `looked for in ${reference}, ${error.message}`)
    }
  }
}

const ANEW = { previous: null, anew: true }

function matches(name: string, pattern: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern
}

/** `providers/openai` is PROVIDERS_OPENAI in the environment. */
function referenceIn(from: string, name: string): SecretReference {
  const colon = from.indexOf(':')
  const start = from.slice(colon + 1)
  switch (from.slice(0, colon)) {
    case 'env':
      return new SecretReference('env', start + name.toUpperCase().replace(/[^A-Z0-9]/g, '_'))
    case 'vault':
      return new SecretReference('vault', `${start.replace(/\/$/, '')}/${name}`, 'value')
    default:
      return new SecretReference('file', `${start.replace(/\/$/, '')}/${name}`)
  }
}
