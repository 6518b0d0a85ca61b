/** The series of one label, made once and found by its value; the number of values is bounded, whatever callers bring. */

/** Where values beyond the bound are counted. */
export const OTHER = 'other'

export class LabelCache<Series> {
  readonly #series = new Map<string, Series>()
  readonly #bind: (label: string) => Series
  readonly #limit: number
  #other: Series | undefined

  /** @param limit distinct values, beyond which every new one is `other` */
  constructor(limit: number, bind: (label: string) => Series) {
    this.#limit = limit
    this.#bind = bind
  }

  get(label: string): Series {
    return this.#series.get(label) ?? this.#add(label)
  }

  #add(label: string): Series {
    if (this.#series.size >= this.#limit) {
      this.#other ??= this.#bind(OTHER)
      return this.#other
    }
    const series = this.#bind(label)
    this.#series.set(label, series)
    return series
  }
}
