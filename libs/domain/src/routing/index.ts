export type { Arm, Capability, Price } from './arm.ts'
export type { Decision, Plan } from './decision.ts'
export type { Candidate, Constraints, Exclusion, Preset, RoutingRequest, Terms, Weights } from './request.ts'
export { PRESETS } from './request.ts'
