/** What JavaScript passes whatever the types say: wrong kinds become TypeErrors that name the argument, in both implementations. */

export function checkNumber(name: string, found: unknown): void {
  if (typeof found !== 'number') refuse(name, 'a number', found)
}

export function checkFloats(name: string, found: unknown): void {
  if (!(found instanceof Float64Array)) refuse(name, 'a Float64Array', found)
}

export function checkWords(name: string, found: unknown): void {
  if (!(found instanceof Uint32Array)) refuse(name, 'a Uint32Array', found)
}

export function checkIntegers(name: string, found: unknown): void {
  if (!(found instanceof Int32Array)) refuse(name, 'an Int32Array', found)
}

/** What an unknown strategy is, if it has a name. */
export function nameOf(found: unknown): string {
  return typeof found === 'string' ? found : kindOf(found)
}

function refuse(name: string, allowed: string, found: unknown): never {
  throw new TypeError(`${name} must be ${allowed}, found ${kindOf(found)}`)
}

/** Not the value itself: not every value can be written. */
function kindOf(found: unknown): string {
  return Object.prototype.toString.call(found).slice('[object '.length, -1)
}
