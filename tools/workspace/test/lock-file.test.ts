/** The lock file installs everywhere: `npm ci` refuses one that lacks an optional package, also of a platform that isn't this one. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from './support/run.ts'

interface LockFile {
  readonly packages: Readonly<
    Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>
  >
}

test('the lock file names the optional packages of all platforms (npm run lock)', () => {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as LockFile
  const wanted = Object.values(packages).flatMap(entry => Object.keys(entry.optionalDependencies ?? {}))
  expect(wanted.filter(name => packages[`node_modules/${name}`] === undefined)).toEqual([])
})
