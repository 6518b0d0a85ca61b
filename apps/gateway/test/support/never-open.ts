/** Circuits that stay closed whatever fails: for tests of what happens then. */
export const NEVER_OPEN = { failures: 1_000_000, min_calls: 1_000_000 }
