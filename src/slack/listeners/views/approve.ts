import type { Middleware, SlackViewMiddlewareArgs, ViewSubmitAction } from '@slack/bolt';
import { approveModal } from '../../blocks/index.ts';
import { changesOf } from '../../changes.ts';
import type { DecisionDoor, Desk } from '../../desk.ts';
import { decideAs, needReason, reasonOf, submit, type Form } from '../../submitting.ts';

const form = (desk: Desk<DecisionDoor>): Form => ({
  kind: 'approve',
  async decide(submitted) {
    const { message, submission } = submitted;
    const required = message.ask === 'review' || message.controls.approveReason === 'required';
    const reason = required ? needReason(submission) : reasonOf(submission);
    const changes = changesOf(message, submission);
    await decideAs(desk, submitted, {
      decision: 'approve',
      ...(reason === undefined ? {} : { reason }),
      ...(changes === undefined ? {} : { changes }),
    });
    return null;
  },
  again: ({ message }, metadata, typed, problem) => approveModal(message, { metadata, typed, problem }),
});

/** Approving with a reason or with changes. */
export const approveSubmission =
  (desk: Desk<DecisionDoor>): Middleware<SlackViewMiddlewareArgs<ViewSubmitAction>> =>
  ({ ack, body }) =>
    submit(desk, form(desk), body, ack);
