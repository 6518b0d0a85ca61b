/** A process that appends until it is killed, and says of each append, once it is acknowledged, how many there are. */
import { writeSync } from 'node:fs'
import { DataDirectory, SqliteJournal } from '../../src/database/index.ts'
import { batch, decision, observation } from './records.ts'

const directory = DataDirectory.open(process.argv[2] as string, () => 'replica')
const journal = await SqliteJournal.open({ directory, durability: 'process' })
for (let count = 1; ; count++) {
  const chosen = decision()
  await journal.append(batch([observation({ decisionId: chosen.id })], [chosen]))
  writeSync(1, `${count}\n`)
}
