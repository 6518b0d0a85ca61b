/** Why the demo cannot go on, in words for the person who started it. */
export class DemoError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'DemoError'
  }
}
