export * from './credentials.ts';
export * from './in-force.ts';
export type { Drill, Drills } from './drills.ts';
export { type LimitShare, type ShareSeals } from './limit-shares.ts';
export * from './mark.ts';
export type { Looked } from './follower.ts';
export * from './directories.ts';
export { createRegister, type Register } from './register.ts';
export { rowDifferences, type RowChange, type RowDifference, type RowTable } from './rows.ts';
