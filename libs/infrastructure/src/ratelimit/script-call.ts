/**
 * Calls of a script whose arguments are written already: what is the same for many calls is written once, and the client library neither
 * copies, measures nor writes it again. Answers come as bytes.
 */
import { createHash } from 'node:crypto'
import { type Cluster, Command, type Redis } from 'ioredis'

/** Arguments as Redis reads them. */
export interface Written {
  readonly text: string
  readonly count: number
}

export function written(values: readonly (string | number)[]): Written {
  return { text: values.map(writtenText).join(''), count: values.length }
}

/** One argument: its length in bytes, then itself. */
export function writtenText(value: string | number): string {
  return typeof value === 'number' ? writtenNumber(value) : `$${Buffer.byteLength(value)}\r\n${value}\r\n`
}

function writtenNumber(value: number): string {
  const digits = String(value)
  return `$${digits.length}\r\n${digits}\r\n`
}

export class ScriptCall {
  readonly #redis: Redis | Cluster
  readonly #sha: string
  readonly #bySha: string
  readonly #lua: string
  readonly #prefix: string

  /** @param lua a script of two keys */
  constructor(redis: Redis | Cluster, lua: string) {
    this.#redis = redis
    this.#lua = lua
    // The library sets it before the keys of its own commands alone.
    this.#prefix = redis.options.keyPrefix ?? ''
    this.#sha = createHash('sha1').update(lua).digest('hex')
    this.#bySha = `$7\r\nEVALSHA\r\n${writtenText(this.#sha)}$1\r\n2\r\n`
  }

  /** @throws whatever Redis or the connection says */
  async run(keys: readonly [hash: string, set: string], { text, count }: Written): Promise<Buffer> {
    const [hash, set] = [this.#prefix + keys[0], this.#prefix + keys[1]]
    const rest = writtenText(hash) + writtenText(set) + text
    const begin = `*${count + PARTS_BEFORE}\r\n`
    try {
      return await this.#send(new WrittenCommand('evalsha', this.#sha, hash, set, begin + this.#bySha + rest))
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
    }
    const byText = `$4\r\nEVAL\r\n${writtenText(this.#lua)}$1\r\n2\r\n`
    return this.#send(new WrittenCommand('eval', this.#lua, hash, set, begin + byText + rest))
  }

  #send(command: WrittenCommand): Promise<Buffer> {
    this.#redis.sendCommand(command)
    return command.promise
  }
}

/** The command, the script, how many keys, the keys. */
const PARTS_BEFORE = 5

class WrittenCommand extends Command {
  readonly #text: string

  /** The keys are named to the library, too: a cluster finds its server by them. */
  constructor(name: 'evalsha' | 'eval', script: string, hash: string, set: string, text: string) {
    super(name, [script, '2', hash, set])
    this.#text = text
  }

  override toWritable(): string {
    return this.#text
  }
}
