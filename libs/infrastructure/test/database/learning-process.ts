/**
 * A process that learns in contexts, of which only two fit into memory, until it is killed: it says of each judgement, once it is
 * committed and learned from, how many there are. A snapshot is written after every seventh, without waiting for it.
 */
import { writeSync } from 'node:fs'
import { systemClock } from '@atp/core/clock'
import { ObservationService, SnapshotWriter } from '@atp/domain/observation'
import { DataDirectory, SqliteJournal } from '../../src/database/index.ts'
import { learnedOver } from './learning.ts'
import { decision, observation } from './records.ts'

const directory = DataDirectory.open(process.argv[2] as string, () => 'replica')
const journal = await SqliteJournal.open({ directory, durability: 'process' })
const learner = learnedOver(journal)
const service = new ObservationService({ journal, learner, queueLimit: 100, schedule: setImmediate })
const snapshots = new SnapshotWriter({
  snapshots: journal,
  observations: service,
  learner,
  contexts: learner.contexts,
  clock: systemClock,
})
for (let count = 1; ; count++) {
  const chosen = decision({ task: `task ${count % 5}` })
  await service.record(chosen, [observation({ kind: 'feedback', decisionId: chosen.id, quality: 1 })])
  if (count % 7 === 0) void snapshots.writeNow()
  writeSync(1, `${count}\n`)
}
