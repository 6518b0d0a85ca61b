/**
 * Writes catalogue/models.json, the prices and capabilities that come with the gateway, from LiteLLM's list: the models of catalogue/picked.txt.
 * node --conditions=@atp/source scripts/write-catalogue.ts FILE YYYY-MM-DD RELEASE
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { importLiteLlm, readJson } from '../src/catalogue/index.ts'

const [file = '', date = '', release = ''] = process.argv.slice(2)
const directory = join(import.meta.dirname, '../catalogue')
const origin = `LiteLLM ${release}, model_prices_and_context_window.json, Copyright (c) 2023 Berri AI, MIT License`
const { data } = importLiteLlm(readJson(file), { date, origin, providers: null })
const picked = readFileSync(join(directory, 'picked.txt'), 'utf8')
  .split('\n')
  .filter(line => line !== '' && !line.startsWith('#'))
const rows = new Map(data.models.map(row => [`${row.provider} ${row.model}`, row]))
for (const name of picked) if (!rows.has(name)) console.error(`not in the list, or not readable: ${name}`)
const models = data.models.filter(({ provider, model }) => picked.includes(`${provider} ${model}`))
writeFileSync(join(directory, 'models.json'), `${JSON.stringify({ ...data, models }, null, 2)}\n`)
console.log(`${models.length} models`)
