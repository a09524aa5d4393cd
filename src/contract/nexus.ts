/** The Nexus service `countersign`: how a workflow of another namespace asks (contract section 4). */
import type { GovernedActionInput, EncryptedActionInput } from './governed-action.ts';
import type { Status } from './status.ts';

export const NEXUS_SERVICE = 'countersign';

/** The same input that `governedAction` takes. */
export type NexusAsk = GovernedActionInput | EncryptedActionInput;

/** All that another namespace learns: never a request, a reason or a permit. */
export interface NexusAnswer {
  /** Of the action, `act_…`. */
  id: string;
  status: Status;
}

/** Metadata of a payload that is an answer; the codec takes it off. */
export const IN_CLEAR = 'countersign-in-clear';

/** Workflow type of one call of the operation `ask`. */
export const NEXUS_ASK = 'nexusAsk';

export interface NexusAskInput {
  /** The requested action, as its workflow id names it. */
  action: { tenant: string; id: string };
  start: NexusAsk;
}
