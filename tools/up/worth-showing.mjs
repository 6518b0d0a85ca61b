/** Which lines of a service's output somebody must see: what it logs at level `info` and below is its own business. */

const SILENT_LEVELS = new Set(['trace', 'debug', 'info'])

/**
 * @param {string} line
 * @param {'stdout' | 'stderr'} from
 */
export function isWorthShowing(line, from) {
  if (!line.startsWith('{')) return from === 'stderr'
  try {
    return !SILENT_LEVELS.has(JSON.parse(line).level)
  } catch {
    return true
  }
}
