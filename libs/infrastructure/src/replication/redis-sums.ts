/** The sums of all replicas in Redis. One script call a key: no other command waits for long, and all keys live in one slot of a cluster. */
import {
  KEPT_AT_CHANGE,
  type Parts,
  type Seed,
  type SharedSum,
  type SharedSums,
  type Telling,
} from '@atp/domain/replication'
import type { Redis } from 'ioredis'
import { decodePart, encodePart } from './part-encoding.ts'
import { ADD, READ, SEED } from './scripts.ts'

/** What is stored changes only together with this number. */
const LAYOUT = 1

type Reply = Promise<readonly Buffer[]>

/** The commands that `defineCommand` adds. */
interface SumCommands {
  atpReadSumBuffer(key: string, replica: string): Reply
  atpAddSumBuffer(key: string, ...args: readonly (string | Buffer)[]): Reply
  atpSeedSumBuffer(key: string, ...args: readonly (string | Buffer)[]): Reply
}

export class RedisSums implements SharedSums {
  readonly #redis: Redis & SumCommands
  readonly #prefix: string

  /** @param prefix names the gateway among those that share the Redis */
  constructor(redis: Redis, prefix: string) {
    redis.defineCommand('atpReadSum', { numberOfKeys: 1, lua: READ })
    redis.defineCommand('atpAddSum', { numberOfKeys: 1, lua: ADD })
    redis.defineCommand('atpSeedSum', { numberOfKeys: 1, lua: SEED })
    this.#redis = redis as Redis & SumCommands
    this.#prefix = `{${prefix}:learned:${LAYOUT}}:`
  }

  async read(key: string, replica: string): Promise<SharedSum> {
    return seenBy(replica, await this.#redis.atpReadSumBuffer(this.#prefix + key, replica))
  }

  async add(key: string, { replica, sequence, told, lineage, delta }: Telling): Promise<SharedSum> {
    const head = [replica, String(sequence), String(told), lineage, String(KEPT_AT_CHANGE)]
    return seenBy(replica, await this.#redis.atpAddSumBuffer(this.#prefix + key, ...head, ...encoded(delta)))
  }

  async seed(key: string, { replica, sequence, instead, lineage, sum }: Seed): Promise<SharedSum> {
    const head = [replica, String(sequence), instead ?? '', lineage]
    return seenBy(replica, await this.#redis.atpSeedSumBuffer(this.#prefix + key, ...head, ...encoded(sum)))
  }
}

function encoded(parts: Parts): (string | Buffer)[] {
  return [...parts].flatMap(([name, part]) => [name, encodePart(part)])
}

function seenBy(replica: string, hash: readonly Buffer[]): SharedSum {
  let lineage: string | null = null
  let told = 0
  const parts: (readonly [string, Buffer])[] = []
  for (let at = 0; at < hash.length; at += 2) {
    const field = String(hash[at])
    const value = hash[at + 1] as Buffer
    if (field === 'lineage') lineage = String(value)
    else if (field === `told:${replica}`) told = Number(value)
    else if (field.startsWith(PART)) parts.push([field.slice(PART.length), value])
  }
  return { lineage, told, sum: decoded(parts) }
}

const PART = 'part:'

/** @returns null where a part cannot be read */
function decoded(parts: readonly (readonly [string, Buffer])[]): Parts | null {
  try {
    return new Map(parts.map(([name, bytes]) => [name, decodePart(bytes)]))
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}
