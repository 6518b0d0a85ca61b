export type { Component } from './component.ts'
export { Lifecycle, type LifecycleOptions, type StopFailure } from './lifecycle.ts'
