/** What `@upstash/ratelimit` asks of its HTTP client, on a connection to Redis. */
import { createHash } from 'node:crypto'
import type { Ratelimit } from '@upstash/ratelimit'
import type { Redis } from 'ioredis'

type Client = ConstructorParameters<typeof Ratelimit>[0]['redis']

export function upstashClient(redis: Redis): Client {
  // Its first line is a flag that only Upstash's own servers know; without it the script has another hash.
  const hashes = new Map<string, string>()
  const client = {
    evalsha(hash: string, keys: string[], args: string[]) {
      const known = hashes.get(hash)
      if (known === undefined) return Promise.reject(new Error('NOSCRIPT'))
      return redis.evalsha(known, keys.length, ...keys, ...args)
    },
    eval(script: string, keys: string[], args: string[]) {
      const plain = script.replace(/^#!lua.*\n/, '\n')
      hashes.set(sha1(script), sha1(plain))
      return redis.eval(plain, keys.length, ...keys, ...args)
    },
  }
  return client as unknown as Client
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex')
}
