export * from './fact.ts';
export * from './projector.ts';
export * from './findings.ts';
export * from './log-watch.ts';
