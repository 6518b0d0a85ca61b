/** Reads JSON as it comes, and knows whether it is inside a string. */

export class JsonStrings {
  #isInside = false
  #isEscaped = false

  get isInside(): boolean {
    return this.#isInside
  }

  read(json: string): void {
    for (let at = 0; at < json.length; at++) {
      if (this.#isEscaped) this.#isEscaped = false
      else if (json[at] === '"') this.#isInside = !this.#isInside
      else if (json[at] === '\\') this.#isEscaped = this.#isInside
    }
  }
}
