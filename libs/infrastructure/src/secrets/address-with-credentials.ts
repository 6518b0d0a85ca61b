/** The address of a server with the name and the password of a user in it, as they are now: one secret of several. */
import { type LiveSecret, Redacted } from '@atp/core/secret'

/**
 * @param user in place of the address's own, where it is given
 * @param password likewise
 */
export function addressWithCredentials(
  url: LiveSecret,
  user: LiveSecret | null,
  password: LiveSecret | null,
): LiveSecret {
  return user === null && password === null ? url : new AddressWithCredentials(url, user, password)
}

class AddressWithCredentials extends Redacted implements LiveSecret {
  readonly #url: LiveSecret
  readonly #user: LiveSecret | null
  readonly #password: LiveSecret | null

  constructor(url: LiveSecret, user: LiveSecret | null, password: LiveSecret | null) {
    super()
    this.#url = url
    this.#user = user
    this.#password = password
  }

  /** Each of them only grows. */
  get generation(): number {
    return this.#parts().reduce((sum, { generation }) => sum + generation, 0)
  }

  reveal(): string {
    const [, scheme = '', own = '', rest = ''] =
      /^([a-z]+:\/\/)(?:([^/@]*)@)?(.*)$/is.exec(this.#url.reveal()) ?? []
    const [ownUser = '', ownPassword] = own.split(':')
    const user = this.#user === null ? ownUser : encodeURIComponent(this.#user.reveal())
    const password = this.#password === null ? ownPassword : encodeURIComponent(this.#password.reveal())
    return `${scheme}${user}${password === undefined ? '' : `:${password}`}@${rest}`
  }

  async replaced(generation: number): Promise<boolean> {
    if (generation !== this.generation) return true
    await Promise.all(this.#parts().map(part => part.replaced(part.generation)))
    return generation !== this.generation
  }

  onChange(listener: () => void): () => void {
    const ends = this.#parts().map(part => part.onChange(listener))
    return () => {
      for (const end of ends) end()
    }
  }

  #parts(): LiveSecret[] {
    return [this.#url, this.#user, this.#password].filter(part => part !== null)
  }
}
