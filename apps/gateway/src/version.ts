/** The version of this build, as its package says it. */
import { readFileSync } from 'node:fs'

const manifest = new URL('../package.json', import.meta.url)

export const VERSION = (JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version: string }).version
