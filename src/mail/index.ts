export * from './notifier.ts';
export * from './transport.ts';
