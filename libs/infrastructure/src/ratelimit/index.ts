export { RedisLimiter, type RedisLimiterOptions } from './redis-limiter.ts'
export { SERVER_CLOCK } from './scripts.ts'
