/** A disk that is full costs no row that was acknowledged, and nothing but time. */
import { renameSync } from 'node:fs'
import { smallDisk } from '@atp/test-services'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { batch, observation } from './records.ts'
import { openJournal, temporaryDirectory } from './stores.ts'

const WAIT = { timeout: 30_000, interval: 20 }
const disk = smallDisk(1)
if (disk.missing === null) disk.unmount()
const suite = 'on a small disk'

describe.skipIf(disk.missing !== null)(
  disk.missing === null ? suite : `${suite} (skipped: ${disk.missing})`,
  () => {
    it('a journal refuses what it cannot write, keeps what it acknowledged, and goes on when there is room', async () => {
      const disk = mounted(8)
      const { journal, close } = await openJournal(disk.path, 'process', { reserveBytes: 0 })
      const acknowledged = [observation(), observation()]
      await journal.append(batch(acknowledged))
      await journal.save({ appliedSequence: 1, takenAt: 1, arms: { 'a/a': 1 } })
      disk.fill()
      const large = () => batch(Array.from({ length: 2_000 }, () => observation()))
      await expect(journal.append(large())).rejects.toMatchObject({ code: 'storage_unavailable' })
      expect(journal.refusal).toMatchObject({
        code: 'storage_unavailable',
        message: expect.stringContaining('disk is full'),
      })
      const snapshot = { appliedSequence: 2, takenAt: 2, arms: { 'a/a': 'x'.repeat(1_000_000) } }
      await expect(journal.save(snapshot)).rejects.toMatchObject({ code: 'storage_unavailable' })
      expect(await journal.load()).toMatchObject({ appliedSequence: 1 })
      disk.free()
      await vi.waitFor(() => expect(journal.refusal).toBeNull(), WAIT)
      const later = large()
      await journal.append(later)
      await journal.save(snapshot)
      await close()
      const { journal: again } = await openJournal(disk.path)
      const rows = (await again.after(0, 10_000)).map(row => row.observation.id)
      expect(rows).toEqual([...acknowledged, ...later.observations].map(({ id }) => id))
      expect(await again.load()).toMatchObject({ appliedSequence: 2 })
    })

    it('a journal closes its door while there is room for what is under way, and can be closed', async () => {
      const disk = mounted(8)
      const { journal, close } = await openJournal(disk.path, 'process', { reserveBytes: 6_291_456 })
      expect(journal.refusal).toBeNull()
      const rows = Array.from({ length: 10_000 }, () => observation())
      await journal.append(batch(rows))
      expect(journal.refusal).toMatchObject({
        code: 'storage_unavailable',
        message: expect.stringMatching(/the disk has \d+ bytes left, and 6291456 are kept/),
      })
      const underWay = observation()
      await journal.append(batch([underWay]))
      disk.fill()
      await close()
      disk.free()
      const { journal: again } = await openJournal(disk.path)
      expect(await again.known([underWay.id])).toEqual(new Set([underWay.id]))
    })
  },
)

function mounted(megabytes: number) {
  const disk = smallDisk(megabytes)
  if (disk.missing !== null) throw new Error(disk.missing)
  onTestFinished(() => disk.unmount())
  return disk
}

it('a journal whose directory cannot be looked at any more refuses, says why, and lives until that can be', async () => {
  const path = temporaryDirectory()
  const { journal } = await openJournal(path)
  renameSync(path, `${path}-elsewhere`)
  const refused = 'the journal takes nothing now: its disk cannot be looked at: ENOENT'
  await vi.waitFor(() => expect(journal.refusal?.message).toBe(refused), WAIT)
  renameSync(`${path}-elsewhere`, path)
  await vi.waitFor(() => expect(journal.refusal).toBeNull(), WAIT)
  const row = observation()
  await journal.append(batch([row]))
  expect(await journal.known([row.id])).toEqual(new Set([row.id]))
})
