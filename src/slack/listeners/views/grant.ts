import type { Middleware, SlackViewMiddlewareArgs, ViewSubmitAction } from '@slack/bolt';
import { compareDecimals, parseDecimal } from '../../../canonical/index.ts';
import { CountersignError, type DecisionInput } from '../../../contract/index.ts';
import { grantModal, INPUTS } from '../../blocks/index.ts';
import type { DecisionDoor, Desk } from '../../desk.ts';
import { decideAs, needReason, reasonOf, submit, type Form, type Submitted } from '../../submitting.ts';

const formOf = (desk: Desk<DecisionDoor>): Form => ({
  kind: 'grant',
  async decide(submitted) {
    const { submission, subject } = submitted;
    const required = subject.message.controls.approveReason === 'required';
    const reason = required ? needReason(submission) : reasonOf(submission);
    await decideAs(submitted, {
      decision: 'approve',
      ...(reason === undefined ? {} : { reason }),
      grant: grantOf(submitted),
    });
    return null;
  },
  again: ({ subject: { message } }, metadata, typed, problem) =>
    grantModal(message, { metadata, typed, problem, now: Math.floor(desk.now() / 1000) }),
});

const wrong = (field: string, message: string): CountersignError =>
  new CountersignError('invalid-request', message, { extensions: { field } });

/** The gateway checks the bounds; here the input is only read. */
function grantOf({ submission: { fields }, subject }: Submitted): NonNullable<DecisionInput['grant']> {
  const until = fields[INPUTS.until]?.selected_date_time;
  if (until == null) throw wrong(INPUTS.until, 'choose until when');
  const uses = fields[INPUTS.uses]?.value?.trim() ?? '';
  const bounds = subject.message.controls.mayGrant;
  if (!/^[1-9][0-9]{0,2}$|^1000$/.test(uses)) throw wrong(INPUTS.uses, 'give a whole number from 1 on');
  if (bounds !== undefined && Number(uses) > bounds.uses) {
    throw wrong(INPUTS.uses, `policy allows ${String(bounds.uses)} at most`);
  }
  const most = bounds?.upTo ?? null;
  const upTo = fields[INPUTS.upTo]?.value?.trim() ?? '';
  if (most !== null && !/^(0|[1-9][0-9]{0,14})(\.[0-9]{1,14})?$/.test(upTo)) {
    throw wrong(INPUTS.upTo, 'give an amount such as 2000 or 2000.50');
  }
  if (most !== null && compareDecimals(parseDecimal(upTo), parseDecimal(most)) > 0) {
    throw wrong(INPUTS.upTo, `policy allows ${most} in all at most`);
  }
  return {
    until: new Date(until * 1000).toISOString(),
    uses: Number(uses),
    ...(most === null ? {} : { upTo }),
  };
}

/** Approves this request, and similar ones within bounds. */
export const grantSubmission =
  (desk: Desk<DecisionDoor>): Middleware<SlackViewMiddlewareArgs<ViewSubmitAction>> =>
  ({ ack, body }) =>
    submit(desk, formOf(desk), body, ack);
