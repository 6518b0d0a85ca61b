/** What a process holds at a moment: memory, open files, sockets, timers. From Linux, and from its own metrics. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

export interface Sample {
  /** Since the first one. */
  readonly seconds: number
  /** MiB. */
  readonly rss: number
  /** Open files of any kind, sockets too. */
  readonly handles: number
  readonly sockets: number
  readonly timers: number
}

export type Held = Exclude<keyof Sample, 'seconds'>

/** @throws {Error} where the process is gone, or the system has no /proc */
export async function sampleOf(pid: number, url: string, seconds: number): Promise<Sample> {
  const metrics = await (await fetch(`${url}/metrics`)).text()
  const links = openFiles(pid)
  return {
    seconds,
    rss: Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024,
    handles: links.length,
    sockets: links.filter(link => link.startsWith('socket:')).length,
    timers: Number(/^nodejs_active_resources\{type="Timeout"\} (\d+)$/m.exec(metrics)?.[1] ?? 0),
  }
}

function openFiles(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap(descriptor => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${descriptor}`)]
    } catch {
      // Closed between the two calls.
      return []
    }
  })
}
