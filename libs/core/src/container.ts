/**
 * Typed dependency injection without decorators: one instance a token, made when first asked for. Each container is a
 * child of tsyringe's root, in which nothing is ever registered, so that two apps in one process share nothing.
 */
import 'reflect-metadata'
import { instanceCachingFactory, container as root } from 'tsyringe'
import { AtpError } from './errors.ts'

declare const produces: unique symbol

/** A name under which a `T` is bound and found. Two tokens of the same description are two tokens. */
export type Token<T> = symbol & { readonly [produces]: T }

/** Finds what a token is bound to; given to each factory for the things that it needs. */
export type Resolve = <T>(token: Token<T>) => T

export interface Binding {
  readonly token: symbol
  readonly factory: (resolve: Resolve) => unknown
}

export interface AppContainer {
  /** @throws AtpError `invalid_argument` where a token is unbound, or needs itself, or the container is disposed of. */
  readonly resolve: Resolve
  /** Forgets every instance. Stopping them, in order, is the lifecycle's work. */
  dispose(): Promise<void>
}

export function token<T>(description: string): Token<T> {
  return Symbol(description) as Token<T>
}

export function bind<T>(token: Token<T>, factory: (resolve: Resolve) => NoInfer<T>): Binding {
  return { token, factory }
}

export function bindValue<T>(token: Token<T>, value: NoInfer<T>): Binding {
  return { token, factory: () => value }
}

/** The last binding of a token wins: a test appends its overrides to the app's own bindings. */
export function createContainer(bindings: readonly Binding[]): AppContainer {
  const container = root.createChildContainer()
  const path: symbol[] = []
  let disposed = false

  const resolve: Resolve = <T>(token: Token<T>): T => {
    if (disposed) throw misuse(`The container is disposed of: ${nameOf(token)} cannot be resolved.`)
    if (path.includes(token)) throw misuse(`These need each other: ${chain([...path, token])}.`)
    if (!container.isRegistered(token)) throw misuse(`Nothing is bound to ${chain([...path, token])}.`)
    path.push(token)
    try {
      return container.resolve<Instance<T>>(token).value
    } finally {
      path.pop()
    }
  }

  for (const { token, factory } of bindings) {
    const useFactory = instanceCachingFactory((): Instance<unknown> => ({ value: factory(resolve) }))
    container.register<Instance<unknown>>(token, { useFactory })
  }

  return {
    resolve,
    dispose: async () => {
      disposed = true
      await container.dispose()
    },
  }
}

/** Boxed, because `instanceCachingFactory` would call a factory again whose answer is null or undefined. */
interface Instance<T> {
  readonly value: T
}

function chain(tokens: readonly symbol[]): string {
  return tokens.map(nameOf).join(' -> ')
}

function nameOf(token: symbol): string {
  return token.description ?? 'a token without a name'
}

function misuse(detail: string): AtpError {
  return new AtpError('invalid_argument', { detail })
}
