/** A context's figures as text; numbers that are not finite are refused, as in a snapshot. */
import type { StoredContext } from '@atp/domain/observation'
import { finiteJson } from './snapshot-json.ts'

/** A context as it is stored: `arms` is JSON text. */
export interface StoredContextText extends Omit<StoredContext, 'arms'> {
  readonly arms: string
}

/** @throws {RangeError} naming the path of a number that is not finite */
export function contextToStored(context: StoredContext): StoredContextText {
  return { ...context, arms: finiteJson(context.arms) }
}

export function contextFromStored(stored: StoredContextText | null): StoredContext | null {
  return stored === null ? null : { ...stored, arms: JSON.parse(stored.arms) }
}
