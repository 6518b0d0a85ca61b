/** Configuration says where a secret is, not what it is. */

const NAME = '[A-Za-z0-9_][A-Za-z0-9_.-]*'
const PATH = `${NAME}(?:/${NAME})*`

export const SECRET_REFERENCE_PATTERN = `^(?:env:[A-Za-z_][A-Za-z0-9_]*|file:.+|vault:${NAME}/${PATH}(?:#${NAME})?|secret:${PATH})$`

/** For the credentials that open the other places. */
export const LOCAL_REFERENCE_PATTERN = '^(?:env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$'

export const REFERENCE_EXAMPLES = [
  'env:OPENAI_API_KEY',
  'file:/run/secrets/openai',
  'vault:secret/openai#key',
  'secret:openai',
]

const REFERENCE = new RegExp(SECRET_REFERENCE_PATTERN)

/** `env` and `file` name a place, `vault` too, `secret` a name that is looked for in the places of `secrets.sources`. */
export type SecretPlace = 'env' | 'file' | 'vault' | 'secret'

export class SecretReference {
  readonly place: SecretPlace
  readonly path: string
  /** Of a secret with fields; empty where the place knows none. */
  readonly field: string

  constructor(place: SecretPlace, path: string, field = '') {
    this.place = place
    this.path = path
    this.field = field
  }

  /** @returns null where the text is none; it may then be a secret itself */
  static parse(text: string): SecretReference | null {
    if (!REFERENCE.test(text)) return null
    const colon = text.indexOf(':')
    const place = text.slice(0, colon) as SecretPlace
    const rest = text.slice(colon + 1)
    if (place !== 'vault') return new SecretReference(place, rest)
    const [path = '', field = DEFAULT_FIELD] = rest.split('#')
    return new SecretReference(place, path, field)
  }

  toString(): string {
    return this.field === '' ? `${this.place}:${this.path}` : `${this.place}:${this.path}#${this.field}`
  }
}

const DEFAULT_FIELD = 'value'
