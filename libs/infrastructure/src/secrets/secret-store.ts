/** All secrets of a gateway: read at its start, kept up to date while it runs, and each told to those who use it. */
import type { Clock } from '@atp/core/clock'
import { type ConfigSecret, type SecretPlace, type SecretReference, unreadableSecret } from '@atp/core/config'
import { AtpError } from '@atp/core/errors'
import type { Random } from '@atp/core/random'
import type { LiveSecret } from '@atp/core/secret'
import { type SecretSource, SecretUnreadable } from '@atp/core/secret-source'
import type { EpochMs } from '@atp/core/units'
import { CachedPath, type CachePolicy } from './cached-path.ts'
import { HeldSecret } from './held-secret.ts'

export interface SecretStoreOptions {
  readonly secrets: readonly ConfigSecret[]
  readonly sources: Readonly<Partial<Record<SecretPlace, SecretSource>>>
  readonly policy: CachePolicy
  readonly clock: Clock
  readonly random: Random
  readonly log: SecretLog
}

/** The lines that it writes; never a value. */
export interface SecretLog {
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
}

/** What is known of a secret, but for itself. */
export interface SecretStatus {
  readonly field: string
  readonly reference: string
  /** As its place calls it; null where it was never read. */
  readonly version: string | null
  /** When it was put into its place, where that knows. */
  readonly madeAt: EpochMs | null
  /** Milliseconds since it was read. */
  readonly readAgoMs: number | null
  /** Null where it was read at the last try. */
  readonly failure: SecretUnreadable | null
}

/** How it went at one kind of place since the start. */
export interface PlaceCounts {
  readonly source: SecretPlace
  readonly reads: number
  /** Readings that brought another version than the one before, the first included. */
  readonly versions: number
  readonly failures: number
  /** Milliseconds since the one that was read longest ago was read; null where one was never read. */
  readonly oldestMs: number | null
}

interface Entry {
  readonly path: CachedPath
  readonly place: SecretPlace
  reads: number
  versions: number
  failures: number
  /** Of the last reading. */
  version: string | null
  readonly held: { readonly secret: ConfigSecret; readonly live: HeldSecret }[]
  /** What was last said of it in the log. */
  complaint: string | null
}

/** Beyond it a timer of Node's fires at once. */
const LONGEST_SLEEP_MS = 60_000

export class SecretStore {
  readonly #options: SecretStoreOptions
  readonly #entries = new Map<string, Entry>()
  readonly #watches: (() => void)[] = []
  #timer: NodeJS.Timeout | undefined
  #isOpen = false

  constructor(options: SecretStoreOptions) {
    this.#options = options
    for (const secret of options.secrets) this.#add(secret)
  }

  /**
   * Reads all of them, and follows them from then on.
   * @throws {AtpError} `start_failed`, with every one that cannot be read and why
   */
  async open(): Promise<void> {
    await this.load()
    const problems = [...this.#entries.values()].flatMap(({ held }) =>
      held.flatMap(({ secret, live }) =>
        live.failure === null ? [] : [unreadableSecret(secret, live.failure)],
      ),
    )
    if (problems.length > 0) {
      throw new AtpError('start_failed', { detail: 'Secrets cannot be read.', problems })
    }
    this.#isOpen = true
    for (const [key, { path, held }] of this.#entries) {
      const changed = () => {
        path.invalidate()
        this.#arm()
      }
      const [first] = held
      if (first !== undefined)
        this.#watches.push(this.#sourceOf(first.secret.reference).watch(pathOf(key), changed))
    }
    this.#arm()
  }

  /** Reads all of them, whatever comes of it: see `status`. */
  async load(): Promise<void> {
    await Promise.all([...this.#entries.values()].map(({ path }) => path.load().catch(() => undefined)))
  }

  /** @throws {AtpError} `invalid_argument` where the configuration does not name it */
  get(reference: SecretReference): LiveSecret {
    const found = this.#entries
      .get(keyOf(reference))
      ?.held.find(({ secret }) => secret.reference.toString() === reference.toString())
    if (found === undefined) {
      throw new AtpError('invalid_argument', { detail: `${reference} is no secret of the configuration` })
    }
    return found.live
  }

  status(): SecretStatus[] {
    return [...this.#entries.values()].flatMap(({ path, held }) =>
      held.map(({ secret, live }) => ({
        field: secret.field,
        reference: secret.reference.toString(),
        version: path.reading?.version ?? null,
        madeAt: path.reading?.madeAt ?? null,
        readAgoMs: path.ageMs,
        failure: live.failure,
      })),
    )
  }

  /** By the kind of place, which is one of a handful: a path is nobody's business. */
  counts(): PlaceCounts[] {
    const places = Map.groupBy(this.#entries.values(), ({ place }) => place)
    return Array.from(places, ([source, entries]) => {
      const sum = (name: 'reads' | 'versions' | 'failures') =>
        entries.reduce((total, entry) => total + entry[name], 0)
      const ages = entries.map(({ path }) => path.ageMs)
      return {
        source,
        reads: sum('reads'),
        versions: sum('versions'),
        failures: sum('failures'),
        oldestMs: ages.some(age => age === null) ? null : Math.max(...(ages as number[])),
      }
    })
  }

  /** Reads those whose time has come. */
  async refreshDue(): Promise<void> {
    const due = [...this.#entries.values()].filter(({ path }) => path.dueInMs <= 0)
    await Promise.all(due.map(({ path }) => path.refresh()))
  }

  async close(): Promise<void> {
    this.#isOpen = false
    clearTimeout(this.#timer)
    for (const end of this.#watches.splice(0)) end()
    await Promise.all(Object.values(this.#options.sources).map(source => source.close()))
  }

  #add(secret: ConfigSecret): void {
    const { reference, rule } = secret
    const entry = this.#entries.get(keyOf(reference)) ?? this.#newEntry(reference)
    entry.held.push({ secret, live: new HeldSecret(entry.path, reference.field, rule) })
  }

  #newEntry(reference: SecretReference): Entry {
    const { policy, clock, random } = this.#options
    const entry: Entry = {
      held: [],
      complaint: null,
      place: reference.place,
      reads: 0,
      versions: 0,
      failures: 0,
      version: null,
      path: new CachedPath({
        read: options => this.#sourceOf(reference).read(reference.path, options),
        policy,
        clock,
        random,
        settled: () => this.#settled(entry),
      }),
    }
    this.#entries.set(keyOf(reference), entry)
    return entry
  }

  #sourceOf({ place }: SecretReference): SecretSource {
    const source = this.#options.sources[place]
    if (source === undefined) throw new SecretUnreadable('unreachable', `and there is no ${place}`)
    return source
  }

  #settled(entry: Entry): void {
    const { reading, failure } = entry.path
    count(entry)
    if (reading !== null && failure === null) {
      // First all, then their listeners: a user's name and its password belong together.
      const changed = entry.held.filter(({ live }) => live.take(reading))
      for (const { live } of changed) live.tell()
      if (this.#isOpen && changed.length > 0) {
        const fields = changed.map(({ secret }) => secret.field)
        this.#options.log.info({ fields, version: reading.version }, 'secrets were replaced')
      }
    }
    if (this.#isOpen) this.#complain(entry)
    this.#arm()
  }

  /** Once, however often the next tries fail alike. */
  #complain(entry: Entry): void {
    const failing = entry.held.find(({ live }) => live.failure !== null)
    const complaint =
      failing === undefined ? null : `${failing.secret.reference}, ${failing.live.failure?.message}`
    if (complaint === entry.complaint) return
    entry.complaint = complaint
    const fields = entry.held.map(({ secret }) => secret.field)
    if (complaint === null) this.#options.log.info({ fields }, 'secrets can be read again')
    else
      this.#options.log.warn(
        { fields, problem: complaint },
        'secrets cannot be read: those known are used on',
      )
  }

  #arm(): void {
    clearTimeout(this.#timer)
    if (!this.#isOpen) return
    const next = Math.min(LONGEST_SLEEP_MS, ...[...this.#entries.values()].map(({ path }) => path.dueInMs))
    this.#timer = setTimeout(() => void this.refreshDue().then(() => this.#arm()), Math.max(0, next))
    this.#timer.unref()
  }
}

function count(entry: Entry): void {
  const { reading, failure } = entry.path
  if (failure !== null) {
    entry.failures += 1
    return
  }
  entry.reads += 1
  if (reading === null || reading.version === entry.version) return
  entry.version = reading.version
  entry.versions += 1
}

function keyOf({ place, path }: SecretReference): string {
  return `${place}:${path}`
}

function pathOf(key: string): string {
  return key.slice(key.indexOf(':') + 1)
}
