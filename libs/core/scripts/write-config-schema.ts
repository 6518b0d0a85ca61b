/** Writes the JSON Schema that editors read: run `npm run schema` after a change of the configuration's schema. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { configJsonSchema } from '../src/config/json-schema.ts'

const file = join(import.meta.dirname, '../atp-config.schema.json')
writeFileSync(file, `${JSON.stringify(configJsonSchema(), null, 2)}\n`)
