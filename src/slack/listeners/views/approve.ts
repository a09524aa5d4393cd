import type { Middleware, SlackViewMiddlewareArgs, ViewSubmitAction } from '@slack/bolt';
import { approveModal } from '../../blocks/index.ts';
import { changesOf } from '../../changes.ts';
import type { DecisionDoor, Desk } from '../../desk.ts';
import { decideAs, needReason, reasonOf, submit, type Form } from '../../submitting.ts';

const FORM: Form = {
  kind: 'approve',
  async decide(submitted) {
    const { submission, subject } = submitted;
    const { message } = subject;
    const required = message.ask === 'review' || message.controls.approveReason === 'required';
    const reason = required ? needReason(submission) : reasonOf(submission);
    const changes = changesOf(message, submission);
    await decideAs(submitted, {
      decision: 'approve',
      ...(reason === undefined ? {} : { reason }),
      ...(changes === undefined ? {} : { changes }),
    });
    return null;
  },
  again: ({ subject: { message } }, metadata, typed, problem) => approveModal(message, { metadata, typed, problem }),
};

/** Approving with a reason or with changes. */
export const approveSubmission =
  (desk: Desk<DecisionDoor>): Middleware<SlackViewMiddlewareArgs<ViewSubmitAction>> =>
  ({ ack, body }) =>
    submit(desk, FORM, body, ack);
