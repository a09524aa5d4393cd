export { checkAttested } from './attested.ts';
export * from './audit.ts';
export * from './chain.ts';
export * from './entry.ts';
export * from './files.ts';
export * from './finding.ts';
export * from './key-chain.ts';
export * from './passkeys.ts';
