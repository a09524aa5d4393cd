import type { Middleware, SlackViewMiddlewareArgs, ViewSubmitAction } from '@slack/bolt';
import { CountersignError } from '../../../contract/index.ts';
import {
  INPUTS,
  MAX_ALIKE,
  RENDERER,
  alikeModal,
  allAlike,
  readButtonValue,
  textModal,
  type ButtonValue,
  type View,
} from '../../blocks/index.ts';
import { readable } from '../../answer.ts';
import type { DecisionDoor, Desk } from '../../desk.ts';
import { needReason, reasonOf, submit, type Form, type Submitted } from '../../submitting.ts';

const form = (desk: Desk<DecisionDoor>): Form => ({
  kind: 'alike',
  decide: (submitted) => decideAll(desk, submitted),
  again: ({ subject: { message } }, metadata, typed, problem) => alikeModal(message, { metadata, typed, problem }),
});

/** Each is decided separately, so that a refusal of one does not affect the others. */
async function decideAll(desk: Desk<DecisionDoor>, submitted: Submitted): Promise<View | null> {
  const { meta, person, subject, submission } = submitted;
  const { message } = subject;
  const decision = submission.fields[INPUTS.decision]?.selected_option?.value;
  if (decision !== 'approve' && decision !== 'refuse') {
    throw new CountersignError('invalid-request', 'choose what you decide', { extensions: { field: INPUTS.decision } });
  }
  const required = decision === 'refuse' || message.controls.approveReason === 'required';
  const reason = required ? needReason(submission) : reasonOf(submission);
  const chosen = chosenOf(submitted);
  const problems: string[] = [];
  let sealed = 0;
  for (const { action, stage } of chosen) {
    try {
      // The list came from us, but through a client, so only requests that still wait beside this one count.
      if (!allAlike(message).some((item) => item.action === action)) {
        throw new CountersignError('not-open', 'it does not wait any more, or not with these');
      }
      const other = action === meta.action ? subject : await desk.door.read(meta.tenant, action);
      if (other === null) throw new CountersignError('not-found', 'there is no such action any more');
      await other.decide({
        person: person.id,
        decision: { decision, stage, ...(reason === undefined ? {} : { reason }) },
        slack: { workspace: meta.workspace, user: meta.user, channel: meta.channel, message: meta.message },
        shown: { hash: meta.shown, renderer: RENDERER },
        responsibility: decision === 'approve' ? message.responsibility : null,
      });
      sealed += 1;
    } catch (error) {
      problems.push(`${action.slice(0, 12)}: ${readable(desk, error).message}`);
    }
  }
  if (problems.length === 0) return null;
  if (sealed === 0) throw new CountersignError('conflict', `none of them could be decided: ${problems.join('; ')}`);
  return textModal('Partly sealed', `${sealed} sealed. Not decided: ${problems.join('; ')}`);
}

function chosenOf({ submission }: Submitted): ButtonValue[] {
  const chosen = Object.entries(submission.fields)
    .filter(([block]) => block.startsWith('alike_'))
    .flatMap(([, field]) => field.selected_options ?? [])
    .map(({ value }) => readButtonValue(value))
    .filter((value) => value !== null)
    .slice(0, MAX_ALIKE);
  if (chosen.length === 0) {
    throw new CountersignError('invalid-request', 'choose at least one of them', {
      extensions: { field: INPUTS.alike(0) },
    });
  }
  return chosen;
}

/** Deciding several like requests together. */
export const alike =
  (desk: Desk<DecisionDoor>): Middleware<SlackViewMiddlewareArgs<ViewSubmitAction>> =>
  ({ ack, body }) =>
    submit(desk, form(desk), body, ack);
