import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { readDecisionLog } from '../../src/database/index.ts'
import { batch, decision, observation } from './records.ts'
import { openJournal, temporaryDirectory } from './stores.ts'

const ALL = { since: 0, limit: 100 }

it('is read beside the process that writes it: candidates, the mean of the judgements, the sum of the bills', async () => {
  const dataDir = temporaryDirectory()
  const { journal } = await openJournal(dataDir)
  const [judged, other] = [decision(), decision({ pinned: true })]
  const of = (fields: object) => observation({ decisionId: judged.id, ...fields })
  const rows = [
    of({ quality: null, cost: 700, outcome: 'error' }),
    of({ quality: null, cost: 300 }),
    of({ kind: 'feedback', quality: 0.4, cost: null }),
    of({ kind: 'feedback', quality: 0.6, cost: null }),
    of({ kind: 'judging', quality: null, cost: 5_000 }),
    of({ kind: 'replacement', quality: null, cost: null }),
  ]
  await journal.append(batch(rows, [judged, other]))
  const log = await readDecisionLog({ dataDir, ...ALL })
  const { arm, strategy, weights, exploration, shadow, candidates } = judged
  const common = {
    arm,
    strategy,
    weights,
    exploration,
    shadow,
    candidates: JSON.parse(JSON.stringify(candidates)),
  }
  expect(log).toEqual([
    { ...common, pinned: false, quality: 0.5, costUsd: 0.001 },
    { ...common, pinned: true, quality: null, costUsd: null },
  ])
  expect(await readDecisionLog({ dataDir, ...ALL, limit: 1 })).toEqual(log.slice(1))
  expect(await readDecisionLog({ dataDir, ...ALL, since: other.at })).toEqual(log.slice(1))
})

it('of an older version is read as well: nothing was chosen blindly then', async () => {
  const dataDir = temporaryDirectory()
  const { journal, close } = await openJournal(dataDir)
  await journal.append(batch([], [decision()]))
  await close()
  const database = new DatabaseSync(join(dataDir, 'journal.sqlite'))
  database.exec('alter table decisions drop column exploration')
  database.close()
  expect(await readDecisionLog({ dataDir, ...ALL })).toMatchObject([{ exploration: 0, quality: null }])
})
