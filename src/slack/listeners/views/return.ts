import type { Middleware, SlackViewMiddlewareArgs, ViewSubmitAction } from '@slack/bolt';
import { returnModal } from '../../blocks/index.ts';
import type { DecisionDoor, Desk } from '../../desk.ts';
import { decideAs, needReason, submit, type Form } from '../../submitting.ts';

const FORM: Form = {
  kind: 'return',
  async decide(submitted) {
    await decideAs(submitted, { decision: 'return', reason: needReason(submitted.submission) });
    return null;
  },
  again: ({ subject: { message } }, metadata, typed, problem) => returnModal(message, { metadata, typed, problem }),
};

/** Asking the requester for more. */
export const returned =
  (desk: Desk<DecisionDoor>): Middleware<SlackViewMiddlewareArgs<ViewSubmitAction>> =>
  ({ ack, body }) =>
    submit(desk, FORM, body, ack);
