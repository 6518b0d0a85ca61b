/** A place whose every reading a test decides. */
import { Secret } from '@atp/core/secret'
import {
  type ReadOptions,
  type SecretReading,
  type SecretSource,
  SecretUnreadable,
} from '@atp/core/secret-source'

export class FakeSource implements SecretSource {
  /** What it answers next: a value, fields, or why not. */
  answer: string | Readonly<Record<string, string>> | SecretUnreadable = 'first'
  goodForMs: number | null = null
  /** Of every reading; each has one of its own where this is null. */
  version: string | null = null
  readonly reads: ReadOptions[] = []
  /** Readings wait for it, where it is set. */
  gate: Promise<void> | null = null
  #version = 0

  async read(_path: string, options: ReadOptions): Promise<SecretReading> {
    this.reads.push(options)
    const { answer } = this
    await this.gate
    if (answer instanceof SecretUnreadable) throw answer
    const fields = typeof answer === 'string' ? { '': answer } : answer
    this.#version += 1
    return {
      fields: new Map(Object.entries(fields).map(([name, value]) => [name, new Secret(value)])),
      version: this.version ?? `reading ${this.#version}`,
      madeAt: null,
      goodForMs: this.goodForMs,
    }
  }

  watch(_path: string, changed: () => void): () => void {
    this.changed = changed
    return () => undefined
  }

  changed = (): void => undefined

  async close(): Promise<void> {}
}

export const AWAY = new SecretUnreadable('unreachable', 'and it is away')
