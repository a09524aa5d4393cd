export * from './bytes.ts';
export * from './decimal.ts';
export * from './error.ts';
export * from './hash.ts';
export * from './json.ts';
export * from './read.ts';
export * from './text.ts';
export * from './time.ts';
