/** Faults and counters while the simulator runs: the same for tests in the process and for `PUT /control/...`. */
import { type Faults, parseFaults } from './faults.ts'
import type { ModelStats, UpstreamModel } from './upstream-model.ts'

export interface ControlState {
  readonly accounts: Readonly<Record<string, Faults>>
  readonly models: Readonly<
    Record<string, { account: string; faults: Faults; price: { input: number; output: number } }>
  >
}

export interface Stats {
  readonly total: ModelStats
  readonly models: Readonly<Record<string, ModelStats>>
}

export class Control {
  readonly #models: ReadonlyMap<string, UpstreamModel>
  readonly #accounts = new Map<string, Faults>()

  constructor(models: ReadonlyMap<string, UpstreamModel>) {
    this.#models = models
    for (const { model } of models.values()) this.#accounts.set(model.account, {})
  }

  /**
   * Replaces a model's faults; `{}` heals it.
   * @throws {TypeError} on faults that are not valid
   * @throws {RangeError} where there is no such model
   */
  setModel(name: string, faults: unknown): void {
    const upstream = this.#models.get(name)
    if (upstream === undefined) throw unknown('model', name, this.#models.keys())
    upstream.setFaults(parseFaults(faults, `models.${name}`))
  }

  /** Replaces the faults of all models of an account; a model's own win over them. Throws as `setModel` does. */
  setAccount(name: string, faults: unknown): void {
    if (!this.#accounts.has(name)) throw unknown('account', name, this.#accounts.keys())
    const parsed = parseFaults(faults, `accounts.${name}`)
    this.#accounts.set(name, parsed)
    for (const upstream of this.#models.values()) {
      if (upstream.model.account === name) upstream.setAccountFaults(parsed)
    }
  }

  state(): ControlState {
    const models = [...this.#models].map(([name, upstream]) => {
      const { account } = upstream.model
      return [name, { account, faults: upstream.ownFaults, price: upstream.price }] as const
    })
    return { accounts: Object.fromEntries(this.#accounts), models: Object.fromEntries(models) }
  }

  stats(): Stats {
    const models = Object.fromEntries([...this.#models].map(([name, { stats }]) => [name, { ...stats }]))
    const total = Object.values(models).reduce(add)
    return { total, models }
  }
}

function add(a: ModelStats, b: ModelStats): ModelStats {
  return {
    requests: a.requests + b.requests,
    completed: a.completed + b.completed,
    faults: a.faults + b.faults,
    aborted_by_client: a.aborted_by_client + b.aborted_by_client,
    in_flight: a.in_flight + b.in_flight,
    prompt_tokens: a.prompt_tokens + b.prompt_tokens,
    completion_tokens: a.completion_tokens + b.completion_tokens,
    billed_usd: a.billed_usd + b.billed_usd,
  }
}

function unknown(what: string, name: string, known: Iterable<string>): RangeError {
  return new RangeError(`there is no ${what} '${name}': there is ${[...known].join(', ')}`)
}
