/**
 * `npm run lock`: adds to package-lock.json the optional packages of other platforms that the registry in use doesn't carry. npm leaves them out
 * without a word, and then `npm ci` refuses the lock file. Each is named, with its version, by the package that wants it.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './dev/toolchain.mjs'

const OS = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
]
const CPU = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64']
const LIBC = { gnu: 'glibc', gnueabihf: 'glibc', musl: 'musl', musleabihf: 'musl' }

const file = join(ROOT, 'package-lock.json')
const lock = JSON.parse(readFileSync(file, 'utf8'))
const added = complete(lock.packages)
if (added.length > 0) {
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)))
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
}
process.stdout.write(`package-lock.json: ${added.length} packages of other platforms added\n`)

function complete(packages) {
  const added = []
  for (const wanting of Object.values({ ...packages })) {
    for (const [name, version] of Object.entries(wanting.optionalDependencies ?? {})) {
      const path = `node_modules/${name}`
      if (packages[path] !== undefined) continue
      if (!/^\d/.test(version)) throw new Error(`${name}: ${version} is no version; add it by hand`)
      packages[path] = { version, ...platformOf(name), ...(wanting.dev ? { dev: true } : {}), optional: true }
      added.push(name)
    }
  }
  return added
}

/** What the name says: "-linux-arm64-musl". npm installs the package only where all of it holds. */
function platformOf(name) {
  const words = name.split(/[-/]/)
  const os = words.filter(word => OS.includes(word))
  const cpu = words.map(word => (word === 'armv7' ? 'arm' : word)).filter(word => CPU.includes(word))
  const libc = words.flatMap(word => LIBC[word] ?? [])
  if (os.length === 0 && cpu.length === 0)
    throw new Error(`${name}: its name tells no platform; add it by hand`)
  return {
    ...(cpu.length > 0 ? { cpu } : {}),
    ...(libc.length > 0 ? { libc } : {}),
    ...(os.length > 0 ? { os } : {}),
  }
}
