/** From a submitted form to a sealed decision. No typed text is lost, and nothing is acknowledged as decided before it is. */
import type { AckFn, ViewResponseAction } from '@slack/bolt';
import { checkReason, CountersignError, type DecisionInput } from '../contract/index.ts';
import {
  formError,
  INPUTS,
  MAX_CHANGES,
  lastPage,
  RENDERER,
  sealingModal,
  textModal,
  type View,
  type ViewName,
} from './blocks/index.ts';
import { aboutOf, keepRefusal } from './admit.ts';
import { readable, rerender } from './answer.ts';
import type { DecisionDoor, Desk } from './desk.ts';
import type { SlackAction, SlackOrigin, SlackPerson } from '../gateway/slack-types.ts';
import type { Metadata } from './metadata.ts';
import { personBehind, readSubmission, type Submission } from './origin.ts';
import { HOLD_MS, LATE, orLate } from './tasks.ts';
import { toSlackView } from './web.ts';

export type SubmitAck = AckFn<ViewResponseAction>;

/** A submission of our form by the person it was opened for, with the current state of the action. */
export interface Submitted {
  submission: Submission;
  meta: Metadata;
  person: SlackPerson;
  subject: SlackAction;
}

/** What a form does with a submission. */
export interface Form {
  kind: ViewName;
  /** Decides, and returns the view to show afterwards; null closes the form. @throws CountersignError; nothing was sealed then. */
  decide(submitted: Submitted): Promise<View | null>;
  /** The form again, with what was typed. */
  again(submitted: Submitted, metadata: string, typed: Record<string, string>, problem: string): View;
}

/** Handles one submission from its payload to its acknowledgement, and past it when the decision takes longer. */
export async function submit(desk: Desk<DecisionDoor>, form: Form, body: unknown, ack: SubmitAck): Promise<void> {
  let submission: Submission;
  try {
    submission = readSubmission(body);
  } catch (error) {
    return ack(errors(readable(desk, error)));
  }
  let submitted: Submitted | undefined;
  const work = (async () => {
    submitted = await admitSubmission(desk, form.kind, submission);
    return form.decide(submitted);
  })();
  try {
    const view = await orLate(work, HOLD_MS);
    if (view === LATE) {
      await ack({ response_action: 'update', view: toSlackView(sealingModal(submitted?.meta.action ?? '')) });
      desk.tasks.run(
        'a submitted decision',
        finish(desk, form, submission, () => submitted, work),
      );
    } else if (view === null) await ack();
    else await ack({ response_action: 'update', view: toSlackView(view) });
  } catch (error) {
    await ack(errors(readable(desk, error), submitted));
    const { meta } = submitted ?? {};
    if (meta !== undefined) desk.tasks.run('showing the present state', redraw(desk, meta));
  }
}

/** Under the reason, which every form has: Slack shows errors under inputs only. */
const errors = (error: CountersignError, submitted?: Submitted): ViewResponseAction => ({
  response_action: 'errors',
  errors: { [fieldOf(error, submitted)]: formError(error.message, 'nothing was decided') },
});

/** The input of an error: the one it names, or else the field that its text mentions. */
function fieldOf(error: CountersignError, submitted: Submitted | undefined): string {
  const { field } = error.extensions;
  if (typeof field === 'string') return field;
  if (error.code !== 'change-not-allowed' || submitted === undefined) return INPUTS.reason;
  const { submission, subject } = submitted;
  if (INPUTS.until in submission.fields) return INPUTS.until;
  const changeable = subject.message.controls.mayChange.slice(0, MAX_CHANGES);
  const changed = changeable.flatMap(({ path, value }, index) => {
    const typed = submission.fields[INPUTS.change(index)]?.value?.trim() ?? '';
    return typed === '' || typed === value ? [] : [{ path, input: INPUTS.change(index) }];
  });
  return (changed.find(({ path }) => error.message.includes(path)) ?? changed[0])?.input ?? INPUTS.reason;
}

/** After the acknowledgement, the open window shows the result, with the form again if the decision was refused. */
async function finish(
  desk: Desk<DecisionDoor>,
  form: Form,
  { viewId, metadata, fields }: Submission,
  submitted: () => Submitted | undefined,
  work: Promise<View | null>,
): Promise<void> {
  let view: View;
  try {
    view = (await work) ?? textModal('Sealed', 'Your decision is sealed.');
  } catch (error) {
    const problem = formError(readable(desk, error).message, 'nothing was decided');
    const known = submitted();
    view =
      known === undefined ? textModal('Not decided', problem) : form.again(known, metadata, typedOf(fields), problem);
  }
  // Somebody may have closed the window. The message in the channel still shows the result.
  await desk.client.views.update({ view_id: viewId, view: toSlackView(view) }).catch(() => undefined);
  const { meta } = submitted() ?? {};
  if (meta !== undefined) await redraw(desk, meta);
}

async function redraw(desk: Desk<DecisionDoor>, meta: Metadata): Promise<void> {
  if (!meta.message.startsWith('view:')) await rerender(desk, meta);
}

/**
 * Admits a submission. The form must be one that we opened, for this user of this workspace; the message it was opened from must still
 * be ours; the person must still be in the directory.
 *
 * @throws CountersignError forbidden · not-found · unauthenticated · unavailable
 */
async function admitSubmission(desk: Desk<DecisionDoor>, kind: ViewName, submission: Submission): Promise<Submitted> {
  const { workspace, user, metadata, viewId } = submission;
  const meta = desk.seal.open(metadata, Math.floor(desk.now() / 1000));
  const origin: SlackOrigin = meta ?? { workspace, user, channel: 'view', message: `view:${viewId}` };
  let person: SlackPerson | null = null;
  try {
    if (meta === null || meta.kind !== kind || meta.workspace !== workspace || meta.user !== user) {
      throw new CountersignError('forbidden', 'this form was not opened for you, or too long ago; open it again');
    }
    ({ person } = await personBehind(desk, workspace, user));
    if (!meta.message.startsWith('view:')) {
      const posted = await desk.door.posted(workspace, meta.channel, meta.message);
      if (posted?.action !== meta.action || posted.tenant !== meta.tenant) {
        throw new CountersignError('not-found', 'the message of this form is not one that Countersign sent here');
      }
    }
    const subject = person.tenant === meta.tenant ? await desk.door.read(meta.tenant, meta.action) : null;
    if (subject === null) throw new CountersignError('not-found', 'there is no such action, or it is not yours');
    return { submission, meta, person, subject };
  } catch (error) {
    keepRefusal(desk, kind, error, pick(origin), {
      tenant: meta?.tenant ?? null,
      action: meta?.action ?? null,
      person: person?.id ?? null,
    });
    throw error;
  }
}

const pick = ({ workspace, user, channel, message }: SlackOrigin): SlackOrigin => ({
  workspace,
  user,
  channel,
  message,
});

/**
 * Decides one action as a form says.
 *
 * @param input Without the stage, which is the one that was shown.
 * @throws CountersignError also `conflict`, when what the decision is about changed while the form was open.
 */
export async function decideAs(submitted: Submitted, input: Omit<DecisionInput, 'stage'>): Promise<void> {
  const { meta, person, subject } = submitted;
  const { message } = subject;
  if (message.ask !== null && aboutOf(message) !== meta.about) {
    throw new CountersignError(
      'conflict',
      'the request changed while this form was open; close it and look at the message again',
    );
  }
  await subject.decide({
    person: person.id,
    decision: { ...input, stage: meta.stage },
    slack: pick(meta),
    shown: { hash: meta.shown, renderer: RENDERER },
    whole: meta.kind === 'open' && (meta.page ?? 0) >= lastPage(message),
    responsibility: input.decision === 'approve' ? message.responsibility : null,
  });
}

/** What was typed or chosen, by block, as forms take it back. */
export function typedOf(fields: Submission['fields']): Record<string, string> {
  const typed: Record<string, string> = {};
  for (const [block, { value, selected_option, selected_date_time }] of Object.entries(fields)) {
    const text = value ?? selected_option?.value ?? selected_date_time;
    if (text !== null && text !== undefined) typed[block] = String(text);
  }
  return typed;
}

/** The reason as typed, or undefined. */
export function reasonOf({ fields }: Submission): string | undefined {
  const text = fields[INPUTS.reason]?.value?.trim();
  return text === undefined || text === '' ? undefined : text;
}

/** @throws CountersignError `reason-required` */
export function needReason(submission: Submission): string {
  const reason = reasonOf(submission);
  if (reason === undefined) throw new CountersignError('reason-required', 'say why: this decision needs a reason');
  checkReason(reason);
  return reason;
}
