export * from './listing.ts';
export * from './resources.ts';
