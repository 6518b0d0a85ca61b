/** Branded units and ids: a number that is money cannot be passed where milliseconds are expected. */
declare const brand: unique symbol

export type Brand<T, Name extends string> = T & { readonly [brand]: Name }

/** Integer millionths of a US dollar. Every sum of money in the gateway is one of these. */
export type MicroUsd = Brand<number, 'MicroUsd'>
/** A duration in milliseconds. */
export type Milliseconds = Brand<number, 'Milliseconds'>
/** Wall-clock time: milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = Brand<number, 'EpochMs'>

export const microUsd = (value: number): MicroUsd => value as MicroUsd
export const milliseconds = (value: number): Milliseconds => value as Milliseconds
export const epochMs = (value: number): EpochMs => value as EpochMs

/** Dollars as a person reads them, from exact micro-dollars. */
export const toUsd = (value: MicroUsd): number => value / 1_000_000
