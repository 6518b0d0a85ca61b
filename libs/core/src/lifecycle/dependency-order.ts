/** In which order components can start: each after all that it needs. */
import { AtpError, type FieldProblem } from '../errors.ts'
import type { Component } from './component.ts'

/** The components in an order in which they can start: as they were given, where that is free. @throws AtpError `invalid_argument` naming what is wrong */
export function dependencyOrder(components: readonly Component[]): readonly Component[] {
  const byName = new Map(components.map(component => [component.name, component]))
  if (byName.size < components.length) throw refused(components.flatMap(duplicateProblems))
  const unknown = components.flatMap(component => unknownProblems(component, byName))
  if (unknown.length > 0) throw refused(unknown)

  const order = new Set<Component>()
  const visit = (component: Component, path: readonly string[]): void => {
    const way = [...path, component.name]
    if (path.includes(component.name)) throw refused([cycleProblem(way.slice(path.indexOf(component.name)))])
    if (order.has(component)) return
    for (const name of component.needs ?? []) visit(byName.get(name) as Component, way)
    order.add(component)
  }
  for (const component of components) visit(component, [])
  return [...order]
}

/**
 * How many components stop one after the other from each on, itself included.
 * @param order as `dependencyOrder` gives it
 */
export function chainLengths(order: readonly Component[]): ReadonlyMap<string, number> {
  const lengths = new Map<string, number>()
  for (const { name, needs = [] } of order) {
    lengths.set(name, 1 + Math.max(0, ...needs.map(needed => lengths.get(needed) as number)))
  }
  return lengths
}

function duplicateProblems({ name }: Component, index: number, all: readonly Component[]): FieldProblem[] {
  if (all.findIndex(other => other.name === name) === index) return []
  return [{ field: `components[${index}].name`, found: `${name}, a second time`, allowed: 'each name once' }]
}

function unknownProblems(
  { name, needs = [] }: Component,
  byName: ReadonlyMap<string, Component>,
): FieldProblem[] {
  const allowed = [...byName.keys()].filter(other => other !== name).join(', ')
  return needs
    .filter(needed => !byName.has(needed))
    .map(found => ({ field: `${name}.needs`, found, allowed }))
}

function cycleProblem(cycle: readonly string[]): FieldProblem {
  const allowed = 'components that do not need each other'
  return { field: `${cycle[0]}.needs`, found: cycle.join(' -> '), allowed }
}

function refused(problems: readonly FieldProblem[]): AtpError {
  const detail = problems
    .map(({ field, found, allowed }) => `${field}: found ${found}, allowed ${allowed}`)
    .join('; ')
  return new AtpError('invalid_argument', { detail, problems })
}
