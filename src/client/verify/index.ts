/** Guards for executors. Needs `jose`, for signatures. */
export { permitOf, requirePermit, type RequirePermitOptions } from './express.ts';
export { permitVerifier, type Attempt, type Granted, type GuardOptions, type VerifyPermit } from './guard.ts';
export { checkPermit, type PermitClaims, type PermitExpectations } from './permit.ts';
export { ReplayCache } from './replay-cache.ts';
export { applyChanges, canonicalize, requestHash } from './request-hash.ts';
