import type { AckFn, Middleware, SlackViewMiddlewareArgs, ViewResponseAction, ViewSubmitAction } from '@slack/bolt';
import { CountersignError, RESPONSIBILITY, type PlanDecision } from '../../../contract/index.ts';
import {
  formError,
  INPUTS,
  lastPlanPage,
  PLAN_CHOICES,
  planModal,
  sealingModal,
  textModal,
  VIEWS,
  type View,
} from '../../blocks/index.ts';
import { keepRefusal } from '../../admit.ts';
import { readable } from '../../answer.ts';
import type { Desk } from '../../desk.ts';
import type { SlackOrigin } from '../../../gateway/slack-types.ts';
import type { Metadata } from '../../metadata.ts';
import { personBehind, readSubmission, type Submission } from '../../origin.ts';
import { needReason, reasonOf } from '../../submitting.ts';
import { HOLD_MS, LATE, orLate } from '../../tasks.ts';
import { toSlackView } from '../../web.ts';
import { planAbout, type PlanDoor } from '../actions/plan-form.ts';

/** One submission about the steps of a plan. Each is decided and sealed separately, and a hundred take longer than Slack waits. */
export const planSubmission =
  (desk: Desk<PlanDoor>): Middleware<SlackViewMiddlewareArgs<ViewSubmitAction>> =>
  async ({ ack, body }) => {
    let submission: Submission;
    try {
      submission = readSubmission(body);
    } catch (error) {
      return ack(errors(readable(desk, error)));
    }
    const { workspace, user, viewId } = submission;
    const work = decide(desk, submission);
    try {
      const view = await orLate(work, HOLD_MS);
      if (view !== LATE) return await ack(view === null ? undefined : updated(view));
    } catch (error) {
      const known = readable(desk, error);
      const origin: SlackOrigin = { workspace, user, channel: 'view', message: `view:${viewId}` };
      keepRefusal(desk, 'plan', known, origin, { tenant: null, action: null, person: null });
      return ack(errors(known));
    }
    await ack(updated(sealingModal('plan')));
    const result = work.then(
      (view) => view ?? textModal('Sealed', 'Your decision is sealed, step by step.'),
      (error: unknown) => textModal('Not decided', formError(readable(desk, error).message, 'nothing was decided')),
    );
    const show = async (): Promise<void> => {
      const view = toSlackView(await result);
      // Somebody may have closed the window. The message in the channel still shows the result.
      await desk.client.views.update({ view_id: viewId, view }).catch(() => undefined);
    };
    desk.tasks.run('deciding a plan', show());
  };

type Ack = Parameters<AckFn<ViewResponseAction>>[0];

const updated = (view: View): Ack => ({ response_action: 'update', view: toSlackView(view) });

const errors = (error: CountersignError): Ack => {
  const { field } = error.extensions;
  const at = typeof field === 'string' ? field : INPUTS.reason;
  return { response_action: 'errors', errors: { [at]: formError(error.message, 'nothing was decided') } };
};

const CHANGED =
  'The plan changed while this form was open, and nothing was decided; close this and look at the message again.';

/** The next page, or the decisions that do not count; null when all count. @throws CountersignError when none does */
async function decide(desk: Desk<PlanDoor>, submission: Submission): Promise<View | null> {
  const meta = await admitted(desk, submission);
  const { person } = await personBehind(desk, submission.workspace, submission.user);
  if (person.tenant !== meta.tenant) throw new CountersignError('not-found', 'there is no such plan');
  const plan = await desk.door.readPlan(person, meta.action);
  if (plan === null) throw new CountersignError('not-found', 'there is no such plan any more');
  // A page has no input at which Slack could show an error.
  if (planAbout(plan) !== meta.about) return textModal('Changed', CHANGED);
  const { page = 0 } = meta;
  if (page < lastPlanPage(plan)) {
    const next = page + 1;
    return planModal(plan, { metadata: desk.seal.seal({ ...meta, page: next }), page: next });
  }
  const decision = decisionOf(submission);
  const { workspace, user, channel, message } = meta;
  const problems = await desk.door.decidePlan(meta.tenant, meta.action, {
    person: person.id,
    decision,
    slack: { workspace, user, channel, message },
    // The last page is only reached page by page.
    whole: true,
    responsibility: decision.decision === 'approve' ? RESPONSIBILITY : null,
  });
  if (problems.length === 0) return null;
  return textModal('Partly sealed', `Not decided, by step: ${problems.join('; ')}`);
}

/** The form must be one that we opened, for this user of this workspace, from a message of this plan. */
async function admitted(desk: Desk<PlanDoor>, { metadata, workspace, user }: Submission): Promise<Metadata> {
  const meta = desk.seal.open(metadata, Math.floor(desk.now() / 1000));
  if (meta === null || meta.kind !== VIEWS.plan || meta.workspace !== workspace || meta.user !== user) {
    throw new CountersignError('forbidden', 'this form was not opened for you, or too long ago; open it again');
  }
  const posted = await desk.door.posted(workspace, meta.channel, meta.message);
  if (posted?.action !== meta.action || posted.tenant !== meta.tenant) {
    throw new CountersignError('not-found', 'the message of this form is not one that Countersign sent here');
  }
  return meta;
}

function decisionOf(submission: Submission): PlanDecision {
  const choice = PLAN_CHOICES.find((one) => one === submission.fields[INPUTS.decision]?.selected_option?.value);
  if (choice === undefined) {
    const extensions = { field: INPUTS.decision };
    throw new CountersignError('invalid-request', 'choose what you decide', { extensions });
  }
  const steps = Object.entries(submission.fields)
    .filter(([block]) => block.startsWith(INPUTS.plan(0).slice(0, -1)))
    .flatMap(([, field]) => field.selected_options ?? [])
    .map(({ value }) => Number(value))
    .filter((index) => Number.isSafeInteger(index) && index >= 0);
  if (steps.length === 0 && choice !== 'approve-only') {
    throw new CountersignError('invalid-request', 'tick at least one step', { extensions: { field: INPUTS.plan(0) } });
  }
  const reason = choice === 'approve' ? reasonOf(submission) : needReason(submission);
  return {
    decision: choice === 'refuse' ? 'refuse' : 'approve',
    steps,
    ...(choice === 'approve-only' ? { rest: 'refuse' } : {}),
    ...(reason === undefined ? {} : { reason }),
  };
}
