export { createCircuit, type Circuit } from './circuit.ts';
export { DeadlinePassed, within } from './deadline.ts';
