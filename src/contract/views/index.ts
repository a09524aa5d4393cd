/** What the API answers, each once: the gateway's types, the OpenAPI document and the command line follow these schemas. */
export * from './api-keys.ts';
export * from './attempts.ts';
export * from './delegations.ts';
export * from './evaluation.ts';
export * from './freezes.ts';
export * from './overrides.ts';
export * from './passkeys.ts';
export * from './permits.ts';
export * from './policies.ts';
export * from './read-tokens.ts';
export * from './receipt.ts';
export * from './reviews.ts';
export * from './row-differences.ts';
export * from './signing-keys.ts';
export * from './surfaces.ts';
export * from './tenants.ts';
export * from './start-tokens.ts';
