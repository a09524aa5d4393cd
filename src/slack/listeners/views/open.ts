import type { Middleware, SlackViewMiddlewareArgs, ViewSubmitAction } from '@slack/bolt';
import { CountersignError, type DecisionInput } from '../../../contract/index.ts';
import { INPUTS, lastPage, openModal, textModal, type View } from '../../blocks/index.ts';
import { aboutOf } from '../../admit.ts';
import { changesOf } from '../../changes.ts';
import type { DecisionDoor, Desk } from '../../desk.ts';
import { decideAs, needReason, reasonOf, submit, type Form, type Submitted } from '../../submitting.ts';

const formOf = (desk: Desk<DecisionDoor>): Form => ({
  kind: 'open',
  async decide(submitted) {
    const next = nextPage(desk, submitted);
    if (next === null) await decideAs(submitted, decisionOf(submitted));
    return next;
  },
  again: ({ meta, subject: { message }, person }, metadata, typed, problem) =>
    openModal(message, { metadata, typed, problem, person: person.id, page: meta.page ?? 0 }),
});

/** The page after the one that was read; null on the last, which decides and is only reached page by page. */
function nextPage(desk: Desk<DecisionDoor>, { meta, subject: { message }, person }: Submitted): View | null {
  const page = meta.page ?? 0;
  if (page >= lastPage(message)) return null;
  // A page has no input at which Slack could show an error.
  if (aboutOf(message) !== meta.about) {
    return textModal(
      'Changed',
      'The request changed while you were reading; close this and look at the message again.',
    );
  }
  const metadata = desk.seal.seal({ ...meta, page: page + 1 });
  return openModal(message, { metadata, person: person.id, page: page + 1 });
}

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
    submit(desk, formOf(desk), body, ack);
