export { createCircuit, type Circuit } from './circuit.ts';
export { DeadlinePassed, within } from './deadline.ts';
export { createStopping, type Stopping } from './stopping.ts';
