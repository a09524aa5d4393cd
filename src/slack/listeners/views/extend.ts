import type { Middleware, SlackViewMiddlewareArgs, ViewSubmitAction } from '@slack/bolt';
import { CountersignError } from '../../../contract/index.ts';
import { INPUTS, extendModal } from '../../blocks/index.ts';
import type { DecisionDoor, Desk } from '../../desk.ts';
import { decideAs, reasonOf, submit, type Form } from '../../submitting.ts';

const FORM: Form = {
  kind: 'extend',
  async decide(submitted) {
    const { submission, subject } = submitted;
    const { message } = subject;
    const until = submission.fields[INPUTS.until]?.selected_date_time;
    const field = { extensions: { field: INPUTS.until } };
    if (until === null || until === undefined) {
      throw new CountersignError('invalid-request', 'choose until when to wait', field);
    }
    const latest = message.controls.extendUntil ?? 0;
    if (until > latest || until <= (message.expiresAt ?? 0)) {
      throw new CountersignError(
        'invalid-request',
        'choose a time after the present deadline that policy allows',
        field,
      );
    }
    const reason = reasonOf(submission);
    await decideAs(submitted, {
      decision: 'extend',
      until: new Date(until * 1000).toISOString(),
      ...(reason === undefined ? {} : { reason }),
    });
    return null;
  },
  again: ({ subject: { message } }, metadata, typed, problem) => extendModal(message, { metadata, typed, problem }),
};

/** Waiting longer. */
export const extend =
  (desk: Desk<DecisionDoor>): Middleware<SlackViewMiddlewareArgs<ViewSubmitAction>> =>
  ({ ack, body }) =>
    submit(desk, FORM, body, ack);
