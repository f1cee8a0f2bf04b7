export { AddressRate, type AddressRateOptions } from './address-rate.ts';
export { KeyedRate, type KeyedRateOptions } from './keyed-rate.ts';
export { type HttpHandler, listen, type Listening } from './listen.ts';
export { createLogger } from './log.ts';
export { createGuard, type GuardOptions, loopbackHosts } from './token-guard.ts';
export { keepYoungMemory } from './young-memory.ts';
export { packageVersion } from './version.ts';
