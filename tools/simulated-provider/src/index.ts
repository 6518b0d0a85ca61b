export { qualityMarker } from './answer-text.ts'
export { CATALOGUE, type SimulatedModel } from './catalogue.ts'
export type { Control, ControlState, Stats } from './control.ts'
export type { Drift, Faults } from './faults.ts'
export { KINDS, type Kind, kindOfPrompt } from './kind-of-prompt.ts'
export {
  type SimulatedProvider,
  type SimulatedProviderOptions,
  startSimulatedProvider,
} from './simulated-provider.ts'
export type { ModelStats } from './upstream-model.ts'
