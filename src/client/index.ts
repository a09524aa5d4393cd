/** Countersign’s client: needs `fetch` and WebCrypto, and no other package. Verifying permits is `@countersign/client/verify`. */
export { Countersign, type CountersignOptions, type KeyedOptions } from './client.ts';
export { CountersignError, OutcomeUnknown, Skip, type LocalCode } from './errors.ts';
export type { Execute, Governed, GovernOptions, Release } from './govern.ts';
export type { CallOptions } from './http.ts';
export type * from './types.ts';
