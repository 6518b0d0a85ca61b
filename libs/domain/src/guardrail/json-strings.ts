/** Reads a text as it comes, and knows where it is JSON outside a string: a placeholder there must be a string of its own. */

export class JsonStrings {
  /** Null until the beginning has told. */
  #isJson: boolean | null
  /** White space, or the bracket of a list. */
  #beginning = ''
  #isInside = false
  #isEscaped = false

  /** @param isJson whether that is known; otherwise a text is JSON that begins with a brace, or as a list of objects, texts or lists */
  constructor(isJson: boolean) {
    this.#isJson = isJson || null
  }

  get wantsQuotes(): boolean {
    return this.#isJson === true && !this.#isInside
  }

  read(text: string): void {
    if (this.#isJson === null) {
      this.#beginning = (this.#beginning + text).trim()
      this.#isJson = beginsAsJson(this.#beginning)
    }
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

function beginsAsJson(text: string): boolean | null {
  // A list, or a note as [1].
  if (text === '' || text === '[') return null
  return JSON_BEGINS.test(text)
}

const JSON_BEGINS = /^(?:\{|\[\s*[{"[])/
