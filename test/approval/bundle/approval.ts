/** A workflow that uses all of `src/approval`. */
import * as approval from '../../../src/approval/index.ts';
import { plan, stage } from '../kit.ts';

export function probe(): Promise<string> {
  const state = approval.openApproval(plan([stage()]), 0);
  const refusal = approval.checkEvent(state, { type: 'tick' }, 1);
  const next = approval.reduce(state, { type: 'tick' }, approval.nextWake(state) ?? 0).state;
  return Promise.resolve(`${next.status} ${refusal?.code ?? approval.approvalView(next).expiresAt}`);
}
