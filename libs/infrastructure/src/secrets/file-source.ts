/**
 * Secrets in files. It is the directory that is watched: Kubernetes never writes into a mounted secret, but swaps the link `..data` beside it,
 * and others replace the file.
 */
import { type FSWatcher, statSync, watch } from 'node:fs'
import { dirname } from 'node:path'
import { secretOfFile } from '@atp/core/config'
import type { SecretReading, SecretSource } from '@atp/core/secret-source'
import { epochMs } from '@atp/core/units'

export class FileSource implements SecretSource {
  readonly #watchers = new Set<FSWatcher>()

  async read(file: string): Promise<SecretReading> {
    const value = secretOfFile(file)
    const { mtime } = statSync(file)
    return {
      fields: new Map([['', value]]),
      version: mtime.toISOString(),
      madeAt: epochMs(mtime.getTime()),
      goodForMs: null,
    }
  }

  /** Where a directory cannot be watched, its files are read when their ttl is over. */
  watch(file: string, changed: () => void): () => void {
    try {
      const watcher = watch(dirname(file), { persistent: false }, changed)
      watcher.on('error', () => watcher.close())
      this.#watchers.add(watcher)
      return () => {
        this.#watchers.delete(watcher)
        watcher.close()
      }
    } catch {
      return () => undefined
    }
  }

  async close(): Promise<void> {
    for (const watcher of this.#watchers) watcher.close()
    this.#watchers.clear()
  }
}
