/** Writes the table of presets into the README, between its marks. node --conditions=@atp/source scripts/write-presets-table.ts */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { presetsTable, withPresetsTable } from './presets-table.ts'

const readme = join(import.meta.dirname, '../../../README.md')
writeFileSync(readme, withPresetsTable(readFileSync(readme, 'utf8'), presetsTable()))
