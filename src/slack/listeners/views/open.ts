import type { Middleware, SlackViewMiddlewareArgs, ViewSubmitAction } from '@slack/bolt';
import { CountersignError, type DecisionInput } from '../../../contract/index.ts';
import { INPUTS, openModal } from '../../blocks/index.ts';
import { changesOf } from '../../changes.ts';
import type { DecisionDoor, Desk } from '../../desk.ts';
import { decideAs, needReason, reasonOf, submit, type Form, type Submitted } from '../../submitting.ts';

const FORM: Form = {
  kind: 'open',
  async decide(submitted) {
    await decideAs(submitted, decisionOf(submitted));
    return null;
  },
  again: ({ subject: { message }, person }, metadata, typed, problem) =>
    openModal(message, { metadata, typed, problem, person: person.id }),
};

function decisionOf({ subject: { message }, submission }: Submitted): DecisionInput {
  const chosen = submission.fields[INPUTS.decision]?.selected_option?.value;
  if (chosen !== 'approve') {
    if (chosen !== 'refuse' && chosen !== 'return') {
      throw new CountersignError('invalid-request', 'choose what you decide', {
        extensions: { field: INPUTS.decision },
      });
    }
    return { decision: chosen, reason: needReason(submission) };
  }
  const required = message.ask === 'review' || message.controls.approveReason === 'required';
  const reason = required ? needReason(submission) : reasonOf(submission);
  const changes = changesOf(message, submission);
  return {
    decision: 'approve',
    ...(reason === undefined ? {} : { reason }),
    ...(changes === undefined ? {} : { changes }),
  };
}

/** Deciding from the Home tab or from `/countersign`. */
export const openSubmission =
  (desk: Desk<DecisionDoor>): Middleware<SlackViewMiddlewareArgs<ViewSubmitAction>> =>
  ({ ack, body }) =>
    submit(desk, FORM, body, ack);
