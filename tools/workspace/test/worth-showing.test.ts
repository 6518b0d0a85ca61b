/** What `npm run up` shows of its services' output without `--verbose`. */
import { expect, test } from 'vitest'
import { isWorthShowing } from '../../up/worth-showing.mjs'

test.each(['warn', 'error', 'fatal'])('a log line of level %s is shown', level => {
  expect(isWorthShowing(JSON.stringify({ level, msg: 'look' }), 'stdout')).toBe(true)
})

test.each(['trace', 'debug', 'info'])('a log line of level %s is not', level => {
  expect(isWorthShowing(JSON.stringify({ level, msg: 'routine' }), 'stdout')).toBe(false)
})

test('what is no log line is shown where it was an error output', () => {
  expect(isWorthShowing('Error: no', 'stderr')).toBe(true)
  expect(isWorthShowing('hello', 'stdout')).toBe(false)
  expect(isWorthShowing('{ half a line', 'stdout')).toBe(true)
})
