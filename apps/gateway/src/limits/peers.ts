/**
 * Where a tenant's counters were lost, each replica that lives is asked for what only it knows: it reserves its calls that are under way,
 * waits until the rest is in the database, and says so. One that stays silent is taken for dead: what it had under way counts when
 * it is settled late, by its own next start at the latest.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { AtpError } from '@atp/core/errors'
import type { Channel, ReplicaCount } from '@atp/infrastructure/redis'
import type { PledgedCall } from './call-book.ts'
import { unsummed } from './unsummed.ts'

export interface PeersOptions {
  readonly channel: Pick<Channel, 'say' | 'listen' | 'close'>
  readonly replicas: Pick<ReplicaCount, 'others'>
  /** Names this replica. */
  readonly self: string
  /** Replicas that are always taken to be there. */
  readonly floor: number
  readonly declare: (tenant: string) => Promise<readonly PledgedCall[]>
  readonly newId: () => string
  /** Monotonic milliseconds. */
  readonly now: () => number
  readonly warn: (message: string) => void
}

type Message =
  | { readonly kind: 'asks'; readonly round: string; readonly replica: string; readonly tenant: string }
  | {
      readonly kind: 'told'
      readonly round: string
      readonly replica: string
      readonly calls: readonly PledgedCall[]
    }
  | { readonly kind: 'waits'; readonly round: string; readonly replica: string; readonly why: string }

interface Round {
  readonly told: Map<string, readonly PledgedCall[]>
  /** Who lives and cannot tell yet, why, and when it said so. */
  readonly waiting: Map<string, { readonly why: string; readonly at: number }>
}

/** What this replica answers to a round of another. */
interface Telling {
  calls: readonly PledgedCall[] | null
  /** Why not yet. */
  why: string
  busy: boolean
}

const ASK_EVERY_MS = 200
const LOOK_EVERY_MS = 5
/** Who says nothing for so long is taken for dead. */
const SILENCE_MS = 5_000
/** A round that is not complete by then is given up: what was reserved for it must not expire before it is used. */
const LONGEST_MS = 15_000
const ROUNDS_KEPT = 256

export class Peers {
  readonly #options: PeersOptions
  readonly #rounds = new Map<string, Round>()
  readonly #tellings = new Map<string, Telling>()
  readonly #since: number

  constructor(options: PeersOptions) {
    this.#options = options
    this.#since = options.now()
  }

  start(): Promise<void> {
    return this.#options.channel.listen(message => this.#hear(message as Message | null))
  }

  stop(): void {
    this.#options.channel.close()
  }

  /** @returns the calls of all the others. @throws {AtpError} `limits_unavailable` where one that lives cannot tell */
  async callsOf(tenant: string): Promise<readonly PledgedCall[]> {
    const { newId, now, warn } = this.#options
    const id = newId()
    const round: Round = { told: new Map(), waiting: new Map() }
    this.#rounds.set(id, round)
    try {
      const begun = now()
      while (!this.#isComplete(round, begun)) {
        const waiting = [...round.waiting.values()].at(-1)
        if (now() - begun > LONGEST_MS) throw unsummed(waiting?.why ?? 'not all replicas have told')
        await this.#ask(id, round, tenant, begun)
      }
      const silent = this.#missing(round).length
      if (silent > 0)
        warn(`money is summed up without ${silent} replicas that did not tell what they have under way`)
      return [...round.told.values()].flat()
    } finally {
      this.#rounds.delete(id)
    }
  }

  async #ask(id: string, round: Round, tenant: string, begun: number): Promise<void> {
    const { channel, self, now } = this.#options
    try {
      await channel.say({ kind: 'asks', round: id, replica: self, tenant } satisfies Message)
    } catch (cause) {
      throw unsummed('the other replicas cannot be asked', cause)
    }
    const again = now() + ASK_EVERY_MS
    while (now() < again && !this.#isComplete(round, begun)) await delay(LOOK_EVERY_MS)
  }

  #isComplete(round: Round, begun: number): boolean {
    const { replicas, floor, now } = this.#options
    // When this replica has just started it may not have heard yet who else is there.
    if (replicas.others.length + 1 < floor && now() - this.#since < SILENCE_MS) return false
    const heard = (name: string) => Math.max(begun, round.waiting.get(name)?.at ?? begun)
    return this.#missing(round).every(name => now() - heard(name) > SILENCE_MS)
  }

  #missing({ told }: Round): readonly string[] {
    return this.#options.replicas.others.filter(name => !told.has(name))
  }

  #hear(message: Message | null): void {
    const { self, now } = this.#options
    if (message?.kind === 'asks') {
      if (message.replica !== self) void this.#answer(message.round, message.tenant)
      return
    }
    const round = this.#rounds.get(message?.round ?? '')
    if (message === null || round === undefined) return
    if (message.kind === 'told') round.told.set(message.replica, message.calls)
    else round.waiting.set(message.replica, { why: message.why, at: now() })
  }

  /** At once, whatever there is to say: who needs long must not be taken for dead. Who was not heard is asked again. */
  async #answer(round: string, tenant: string): Promise<void> {
    const telling = this.#tellingOf(round)
    if (!telling.busy && telling.calls === null) {
      telling.busy = true
      try {
        telling.calls = await this.#options.declare(tenant)
      } catch (error) {
        // It tries again when it is asked again.
        telling.why = error instanceof AtpError ? error.message : 'it cannot tell what it has spent'
      }
      telling.busy = false
    }
    await this.#say(round, telling)
  }

  #tellingOf(round: string): Telling {
    let telling = this.#tellings.get(round)
    if (telling === undefined) {
      telling = { calls: null, why: 'a replica is still at it', busy: false }
      this.#tellings.set(round, telling)
      if (this.#tellings.size > ROUNDS_KEPT)
        this.#tellings.delete(this.#tellings.keys().next().value as string)
    }
    return telling
  }

  async #say(round: string, { calls, why }: Telling): Promise<void> {
    const { channel, self: replica } = this.#options
    const message: Message =
      calls === null ? { kind: 'waits', round, replica, why } : { kind: 'told', round, replica, calls }
    await channel.say(message).catch(() => undefined)
  }
}
