/** Why a command came to nothing, in words for the person who gave it. */
export class AdminError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'AdminError'
  }
}
