export * from './fact.ts';
export * from './projector.ts';
