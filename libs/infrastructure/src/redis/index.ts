export type { Redis } from 'ioredis'
export { type ConnectOptions, connectRedis, isReady } from './connect.ts'
export { ReplicaCount } from './replica-count.ts'
