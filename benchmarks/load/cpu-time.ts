/** The processor time of a process with all its threads, where the system tells it. */
import { readFileSync } from 'node:fs'

/** Linux counts in hundredths of a second towards programs, whatever the kernel's own tick. */
const MICROSECONDS_PER_TICK = 10_000
/** Fields of /proc/PID/stat after the command's name, which may hold spaces: state is the third field of all. */
const UTIME = 14 - 3
const STIME = 15 - 3

/** Microseconds in user and kernel mode since the process began; null where there is no /proc. */
export function cpuTimeOf(pid: number): number | null {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return null
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[UTIME]) + Number(fields[STIME])) * MICROSECONDS_PER_TICK
}
