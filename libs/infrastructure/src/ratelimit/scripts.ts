/** The scripts as Redis gets them: the stored state, then what is done with it. Each is one step for everyone else. */
import { ADMIT } from './lua/admit.ts'
import { ADMIT_AT_ONCE } from './lua/admit-at-once.ts'
import { FORGET } from './lua/forget.ts'
import { LEASES } from './lua/leases.ts'
import { LEVELS } from './lua/levels.ts'
import { LIFE } from './lua/life.ts'
import { INVALIDATE, REBUILD, RENEW, SETTLE, SWEEP } from './lua/reservations.ts'
import { SETTLE_AT_ONCE } from './lua/settle-at-once.ts'
import { WINDOWS_AT_ONCE } from './lua/windows-at-once.ts'

/** Lua that gives integer microseconds. Tests put a clock of their own here. */
export const SERVER_CLOCK = `(function() local at = redis.call('TIME') return at[1] * 1000000 + at[2] end)()`

export interface Scripts {
  readonly admit: string
  readonly settle: string
  readonly renew: string
  readonly sweep: string
  readonly invalidate: string
  readonly rebuild: string
  readonly forget: string
}

export function scriptsFor(clock: string): Scripts {
  const at = (script: string) => script.replace('$CLOCK', () => clock)
  const life = at(LIFE)
  const all = life + LEVELS + LEASES
  return {
    admit: at(WINDOWS_AT_ONCE) + at(ADMIT_AT_ONCE) + all + ADMIT,
    settle: at(SETTLE_AT_ONCE) + all + SETTLE,
    renew: life + RENEW,
    sweep: all + SWEEP,
    invalidate: all + INVALIDATE,
    rebuild: life + REBUILD,
    forget: all + FORGET,
  }
}
