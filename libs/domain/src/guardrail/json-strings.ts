/** Reads a text as it comes, and knows where it is JSON outside a string: a placeholder there must be a string of its own. */

export class JsonStrings {
  /** Null until the first character has told. */
  #isJson: boolean | null
  #isInside = false
  #isEscaped = false

  /** @param isJson whether that is known; otherwise a text is JSON that begins with a brace */
  constructor(isJson: boolean) {
    this.#isJson = isJson || null
  }

  get wantsQuotes(): boolean {
    return this.#isJson === true && !this.#isInside
  }

  read(text: string): void {
    this.#isJson ??= beginsWithBrace(text)
    if (this.#isJson !== true) return
    for (let at = 0; at < text.length; at++) {
      if (this.#isEscaped) this.#isEscaped = false
      else if (text[at] === '"') this.#isInside = !this.#isInside
      else if (text[at] === '\\') this.#isEscaped = this.#isInside
    }
  }

  /** What is masked tells as well that a text is no JSON. */
  skip(): void {
    this.#isJson ??= false
  }
}

function beginsWithBrace(text: string): boolean | null {
  const first = text.trimStart()[0]
  return first === undefined ? null : first === '{'
}
