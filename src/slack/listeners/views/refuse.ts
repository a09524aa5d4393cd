import type { Middleware, SlackViewMiddlewareArgs, ViewSubmitAction } from '@slack/bolt';
import { refuseModal } from '../../blocks/index.ts';
import type { DecisionDoor, Desk } from '../../desk.ts';
import { decideAs, needReason, submit, type Form } from '../../submitting.ts';

const FORM: Form = {
  kind: 'refuse',
  async decide(submitted) {
    await decideAs(submitted, { decision: 'refuse', reason: needReason(submitted.submission) });
    return null;
  },
  again: ({ subject: { message } }, metadata, typed, problem) => refuseModal(message, { metadata, typed, problem }),
};

/** Refusing, always with a reason. */
export const refuse =
  (desk: Desk<DecisionDoor>): Middleware<SlackViewMiddlewareArgs<ViewSubmitAction>> =>
  ({ ack, body }) =>
    submit(desk, FORM, body, ack);
