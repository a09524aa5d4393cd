export * from './log-reader.ts';
export { createSequencer, type SequencerOptions } from './sequencer.ts';
export * from './types.ts';
