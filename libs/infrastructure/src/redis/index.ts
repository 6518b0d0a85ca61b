export type { Redis } from 'ioredis'
export { Channel } from './channel.ts'
export { type ConnectOptions, connectRedis, isReady } from './connect.ts'
export { ReplicaCount } from './replica-count.ts'
