/** `atp key`: 256 random bits in the form of an API key. It opens nothing until it is put where `auth.admin_key` points to. */
import { newKeyText } from '@atp/core/key-text'
import { SystemRandom } from '@atp/core/random'

export function printKey(): void {
  process.stdout.write(`${newKeyText(new SystemRandom())}\n`)
}
