import 'reflect-metadata'
import { container as tsyringeRoot } from 'tsyringe'
import { describe, expect, it } from 'vitest'
import { bind, bindValue, createContainer, type Resolve, type Token, token } from '../src/container.ts'
import { AtpError } from '../src/errors.ts'

interface Journal {
  readonly name: string
}

const JOURNAL = token<Journal>('Journal')
const NAME = token<string>('Name')

const bindings = [
  bindValue(NAME, 'real'),
  bind(JOURNAL, (resolve: Resolve): Journal => ({ name: resolve(NAME) })),
]

describe('container', () => {
  it('makes one instance a token', () => {
    const container = createContainer(bindings)
    expect(container.resolve(JOURNAL)).toEqual({ name: 'real' })
    expect(container.resolve(JOURNAL)).toBe(container.resolve(JOURNAL))
  })

  it('calls a factory once, even one that answers null', () => {
    let calls = 0
    const OPTIONAL = token<string | null>('Optional')
    const container = createContainer([
      bind(OPTIONAL, () => {
        calls++
        return null
      }),
    ])
    expect([container.resolve(OPTIONAL), container.resolve(OPTIONAL)]).toEqual([null, null])
    expect(calls).toBe(1)
  })

  it('makes nothing before it is asked for', () => {
    const container = createContainer([
      bind(JOURNAL, () => {
        throw new Error('made too early')
      }),
    ])
    expect(() => container.resolve(JOURNAL)).toThrow('made too early')
  })

  it('tries again after a factory failed', () => {
    let calls = 0
    const container = createContainer([
      bind(NAME, () => {
        if (calls++ === 0) throw new Error('not yet')
        return 'now'
      }),
    ])
    expect(() => container.resolve(NAME)).toThrow('not yet')
    expect(container.resolve(NAME)).toBe('now')
  })

  it('shares nothing between two containers of the same bindings, nor with the global one', () => {
    const [one, two] = [createContainer(bindings), createContainer(bindings)]
    expect(one.resolve(JOURNAL)).not.toBe(two.resolve(JOURNAL))
    expect(tsyringeRoot.isRegistered(JOURNAL)).toBe(false)
  })

  it('lets the last binding of a token win, for what is bound to it and for what needs it', () => {
    const container = createContainer([...bindings, bindValue(NAME, 'fake')])
    expect(container.resolve(JOURNAL)).toEqual({ name: 'fake' })
  })

  it('names an unbound token and who needed it', () => {
    const container = createContainer(bindings.slice(1))
    expect(() => container.resolve(JOURNAL)).toThrow('Nothing is bound to Journal -> Name.')
    expect(codeOf(() => container.resolve(NAME))).toBe('invalid_argument')
  })

  it('names the path of a cycle', () => {
    const [A, B, C] = [token<object>('A'), token<object>('B'), token<object>('C')]
    const needs = (other: Token<object>) => (resolve: Resolve) => ({ other: resolve(other) })
    const container = createContainer([bind(A, needs(B)), bind(B, needs(C)), bind(C, needs(B))])
    expect(() => container.resolve(A)).toThrow('These need each other: A -> B -> C -> B.')
    expect(() => container.resolve(C)).toThrow('These need each other: C -> B -> C.')
  })

  it('tells tokens of the same description apart', () => {
    const [one, two] = [token<number>('Same'), token<number>('Same')]
    const container = createContainer([bindValue(one, 1), bindValue(two, 2)])
    expect([container.resolve(one), container.resolve(two)]).toEqual([1, 2])
  })

  it('binds a token only to what it names, as the compiler sees it', () => {
    // @ts-expect-error a number is no string
    bindValue(NAME, 17)
    // @ts-expect-error a Journal needs a name
    bind(JOURNAL, () => ({}))
    const journal: Journal = createContainer(bindings).resolve(JOURNAL)
    expect(journal.name).toBe('real')
  })

  it('refuses to resolve once disposed of', async () => {
    const container = createContainer(bindings)
    await container.dispose()
    expect(() => container.resolve(NAME)).toThrow('The container is disposed of: Name cannot be resolved.')
  })
})

function codeOf(run: () => unknown): string | undefined {
  try {
    run()
  } catch (error) {
    return error instanceof AtpError ? error.code : undefined
  }
  return undefined
}
