/** What `governed()` in a workflow and the plugin of its worker agree on. Plain values, so that workflows can import it. */

/** Prefix of the ids of activities that `governed()` schedules, once they are decided. */
export const WAITED = 'countersign-';

/** Signal that makes `governed()` look immediately. It carries nothing and grants nothing. */
export const DECIDED_SIGNAL = 'countersign';

/** A designated activity that is to be scheduled. */
export interface DesignatedCall {
  activityType: string;
  activityId: string;
  args: unknown[];
}

/** All that a foreign history gets of an action. */
export interface DesignatedAction {
  action: string;
  status: string;
}

/** Activities that the plugin brings. */
export interface WaitingActivities {
  countersignDecision(governed: DesignatedCall): Promise<DesignatedAction>;
  countersignWithdraw(governed: DesignatedCall): Promise<void>;
}
