/**
 * Builds the Rust addon into libs/native/addon/, named after this machine's platform, with its checksum beside it.
 * Without cargo it says so and succeeds: the TypeScript implementation does the same work.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { whyNoCargo } from './cargo.mjs'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const ADDON = join(ROOT, 'libs/native/addon')

const reason = whyNoCargo()
if (reason === null) buildAddon()
else console.log(`${reason}: the TypeScript fallback will be used`)

function buildAddon() {
  const args = [
    'build',
    '--release',
    '--locked',
    '--package',
    'atp-napi',
    '--message-format',
    'json-render-diagnostics',
  ]
  const built = spawnSync('cargo', args, {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (built.status !== 0) process.exit(built.status ?? 1)
  const library = libraryOf(built.stdout)
  mkdirSync(ADDON, { recursive: true })
  const path = join(ADDON, `atp-napi.${platform()}.node`)
  const bytes = readFileSync(library)
  writeWhole(path, bytes)
  writeWhole(`${path}.sha256`, createHash('sha256').update(bytes).digest('hex'))
  console.log(`built ${path}`)
}

/** The path of the library, as cargo reports it: CARGO_TARGET_DIR may be anywhere. */
function libraryOf(messages) {
  const artifacts = messages
    .split('\n')
    .filter(line => line.startsWith('{'))
    .map(line => JSON.parse(line))
    .filter(message => message.reason === 'compiler-artifact' && message.target.name === 'atp_napi')
  return artifacts.at(-1).filenames.find(name => /\.(so|dylib|dll)$/.test(name))
}

/** By renaming: a process that has the old addon loaded keeps it, and nobody sees half a file. */
function writeWhole(path, content) {
  const temporary = `${path}.${process.pid}.tmp`
  writeFileSync(temporary, content)
  renameSync(temporary, path)
}

/** The names of napi-rs: linux-x64-gnu, linux-arm64-musl, darwin-arm64, win32-x64-msvc. */
function platform() {
  const base = `${process.platform}-${process.arch}`
  if (process.platform === 'win32') return `${base}-msvc`
  if (process.platform !== 'linux') return base
  return `${base}-${process.report.getReport().header.glibcVersionRuntime ? 'gnu' : 'musl'}`
}
