/** What the worker registers. Each exported function is a workflow type of that name. */
export { governedAction } from './governed-action.ts';
export { plan } from './plan.ts';
export { retention } from './retention.ts';
export { sweep } from './sweep.ts';
export { shareCheckpoints } from './share-checkpoints.ts';
export { nexusAsk } from './nexus-ask.ts';
