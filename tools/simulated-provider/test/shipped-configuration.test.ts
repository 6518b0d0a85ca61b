import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { CATALOGUE } from '../src/index.ts'

const SHIPPED = join(import.meta.dirname, '../../../config/simulated.yaml')

interface Adapter {
  readonly id: string
  readonly base_url: string
  readonly models: readonly { name: string; input_usd_per_mtok: number; output_usd_per_mtok: number }[]
}

it('the gateway’s configuration names the accounts, models and prices of the catalogue', () => {
  const { adapters } = parse(readFileSync(SHIPPED, 'utf8')) as { adapters: readonly Adapter[] }
  const configured = adapters.flatMap(({ id, models }) =>
    models.map(({ name, input_usd_per_mtok, output_usd_per_mtok }) => [
      id,
      name,
      input_usd_per_mtok,
      output_usd_per_mtok,
    ]),
  )
  expect(configured).toEqual(
    CATALOGUE.map(({ account, name, inputUsdPerMtok, outputUsdPerMtok }) => [
      account,
      name,
      inputUsdPerMtok,
      outputUsdPerMtok,
    ]),
  )
  expect(adapters.map(({ base_url }) => base_url)).toEqual([
    'http://127.0.0.1:8090/alpha/v1',
    'http://127.0.0.1:8090/beta/v1',
  ])
})
