import { spawnSync } from 'node:child_process'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DataDirectory, SqliteJournal } from '../../src/database/index.ts'
import { startAppending } from './appending-child.ts'
import { openJournal, temporaryDirectory } from './stores.ts'

const never = (): string => {
  throw new Error('not asked for')
}

describe('the data directory', () => {
  it('is made where there is none, for our eyes only', () => {
    const path = join(temporaryDirectory(), 'deep', 'data')
    const directory = DataDirectory.open(path, () => 'r')
    expect(statSync(path).mode & 0o777).toBe(0o700)
    directory.release()
  })

  it('refuses a second process by naming the directory and the holder', async () => {
    const path = temporaryDirectory()
    const child = startAppending(path)
    await child.acknowledged(1)
    const refusal = refusalOf(path)
    expect(refusal).toMatchObject({ code: 'start_failed' })
    expect(refusal).toHaveProperty('message', expect.stringContaining(path))
    expect(refusal).toHaveProperty('message', expect.stringContaining(`process ${child.pid}`))
    await child.kill()
    const { journal } = await openJournal(path)
    expect((await journal.after(0, 1)).length).toBe(1)
  })

  it('refuses a second opening in the same process too', () => {
    const path = temporaryDirectory()
    const directory = DataDirectory.open(path, () => 'r')
    expect(refusalOf(path)).toHaveProperty('message', expect.stringContaining(`process ${process.pid}`))
    directory.release()
    DataDirectory.open(path, never).release()
  })

  it('takes over from a dead process, whose pid file is still there', () => {
    const path = temporaryDirectory()
    const dead = spawnSync(process.execPath, ['-e', '']).pid
    writeFileSync(join(path, 'gateway.pid'), `${dead}\n`)
    const directory = DataDirectory.open(path, () => 'r')
    expect(readFileSync(join(path, 'gateway.pid'), 'utf8')).toBe(`${process.pid}\n`)
    directory.release()
  })

  it('keeps the replica id that it was given first', () => {
    const path = temporaryDirectory()
    const first = DataDirectory.open(path, () => 'first')
    first.release()
    const second = DataDirectory.open(path, never)
    expect(second.replica).toBe('first')
    second.release()
  })

  it('says which directory cannot be used, and why', () => {
    const file = join(temporaryDirectory(), 'a-file')
    writeFileSync(file, '')
    expect(refusalOf(join(file, 'data'))).toMatchObject({
      code: 'start_failed',
      message: expect.stringMatching(/a-file\/data cannot be used: .*ENOTDIR/),
    })
  })

  it('says that a journal cannot be opened that is no database', async () => {
    const path = temporaryDirectory()
    writeFileSync(join(path, 'journal.sqlite'), 'this is no database, and never was one'.repeat(100))
    const directory = DataDirectory.open(path, () => 'r')
    await expect(SqliteJournal.open({ directory, durability: 'process' })).rejects.toMatchObject({
      code: 'start_failed',
      message: expect.stringMatching(/journal\.sqlite cannot be opened: .*not a database/),
    })
    directory.release()
  })
})

function refusalOf(path: string): unknown {
  try {
    DataDirectory.open(path, () => 'r').release()
  } catch (error) {
    return error
  }
  return null
}
