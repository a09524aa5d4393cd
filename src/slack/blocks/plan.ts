/**
 * The one message about a plan: a `plan` block with a `task_card` for each step where Slack has them, else the same in rich text. The form
 * behind it shows each step like a separate message: everything that policy shows. A message has no room for that with many steps; then
 * its cards have titles only.
 */
import type { JsonObject } from '../../contract/index.ts';
import type { PlanMessage, PlanMessageStep } from '../../notify/plan-message.ts';
import { ACTIONS, INPUTS, buttonValue } from './model.ts';
import { choice, form, reasonInput, type ModalOptions } from './modals.ts';
import {
  type Block,
  type Rendered,
  type View,
  LIMITS,
  actionsBlock,
  button,
  header,
  input,
  option,
  small,
} from './parts-6/kit.ts';
import { type Line, dated, line, rich, strong } from './parts-6/rich.ts';
import { isCut, notified, plainText } from './parts-6/text.ts';
import { paged, uncutParts } from './parts-7/pages.ts';
import { consequence, inOneLine, whoAsks } from './words.ts';

/** Steps of one block of cards. */
const CARDS_MAX = 50;

/** Steps of one list of checkboxes, and of one block of the fallback. */
const TOGETHER = 10;

/** Characters of JSON that the details of all steps may have in a message, well below what Slack takes. */
const DETAILS_MAX = 12_000;

/** The same of the form's one page; more is read page by page. */
const FORM_MAX = 60_000;

/** Characters of one step beside many others. The rest is read page by page. */
const HOLDS = { label: 80, value: 500, reasons: 3, reason: 300 } as const;

/** Characters of all titles together. */
const TITLES_MAX = 10_000;

/** Characters of a task's title. */
const TITLE_MAX = 150;

const STATUS: Record<PlanMessageStep['standing'], 'pending' | 'in_progress' | 'complete' | 'error'> = {
  open: 'pending',
  ready: 'pending',
  released: 'in_progress',
  begun: 'in_progress',
  executed: 'complete',
  'taken-out': 'error',
  failed: 'error',
};

/** @param plain without the blocks that not every Slack client and workspace has */
export function renderPlanMessage(message: PlanMessage, { plain = false } = {}): Rendered {
  const title = planTitle(message);
  const isLong = JSON.stringify(message.steps.map((step) => detailsOf(step))).length > DETAILS_MAX;
  return {
    text: notified(`${headlineOf(message)}: ${title}`, 300),
    blocks: [
      header(plainText(`${headlineOf(message)}: ${title}`, LIMITS.header)),
      ...(plain ? inRichText(message, isLong) : inCards(message, title, isLong)),
      rich(rulesOf(message)),
      ...(message.ask === null ? [] : [decideButton(message), small([plainText(message.responsibility, 600)])]),
    ],
  };
}

const planTitle = ({ title, steps }: PlanMessage): string =>
  title === null ? `${steps.length} steps` : `${plainText(title, 100)}, ${steps.length} steps`;

function headlineOf({ ask, steps }: PlanMessage): string {
  if (ask !== null) return '⏳ Decide a plan';
  const executed = steps.filter(({ standing }) => standing === 'executed').length;
  if (executed === steps.length) return '✅ Plan done';
  const over = steps.every(({ standing }) => ['executed', 'taken-out', 'failed'].includes(standing));
  return over
    ? `⏹ Plan ended, ${executed} of ${steps.length} done`
    : `▶️ Plan goes on, ${executed} of ${steps.length} done`;
}

/** `3. transfer.create, 20 USD`, and its status. An approved step that waits for its turn is not frozen. */
const titleOf = ({ index, standing, message }: PlanMessageStep, max = TITLE_MAX): string => {
  const status = standing === 'ready' ? 'waits for its turn' : message.state.replace('_', ' ');
  return plainText(`${index + 1}. ${inOneLine(message)} · ${status}`, max);
};

/** Plans of many steps get shorter lines, because a message has limited room. */
const titleMax = ({ steps }: PlanMessage): number => Math.min(TITLE_MAX, Math.floor(TITLES_MAX / steps.length));

/** A block for each fifty steps: more than that Slack does not take in one. */
function inCards(message: PlanMessage, title: string, isLong: boolean): Block[] {
  const { steps } = message;
  return groupsOf(steps, CARDS_MAX).map((group) => ({
    type: 'plan',
    title: steps.length <= CARDS_MAX ? plainText(title, TITLE_MAX) : rangeOf(group),
    tasks: group.map((step): JsonObject => ({
      type: 'task_card',
      task_id: `step_${step.index}`,
      title: titleOf(step, titleMax(message)),
      status: STATUS[step.standing],
      ...(isLong ? {} : { details: rich([below(detailsOf(step))]) }),
    })),
  }));
}

const groupsOf = (steps: readonly PlanMessageStep[], size: number): PlanMessageStep[][] =>
  Array.from({ length: Math.ceil(steps.length / size) }, (_, at) => steps.slice(at * size, (at + 1) * size));

const rangeOf = (group: readonly PlanMessageStep[]): string =>
  `Steps ${(group[0]?.index ?? 0) + 1} to ${(group.at(-1)?.index ?? 0) + 1}`;

function inRichText(message: PlanMessage, isLong: boolean): Block[] {
  const details = (step: PlanMessageStep): Line[] => (isLong ? [] : detailsOf(step));
  return groupsOf(message.steps, TOGETHER).map((group) =>
    rich(group.map((step) => below([line(strong(titleOf(step, titleMax(message)), TITLE_MAX)), ...details(step)]))),
  );
}

/** Lines in one element, one below the other: a block takes a hundred elements. */
const below = (lines: readonly Line[]): Line =>
  line(...lines.flatMap((one, at) => (at === 0 ? [...one] : ['\n', ...one])));

/** Everything that a message about this step alone would show. */
function detailsOf({ message }: PlanMessageStep): Line[] {
  const { facts, unread = [], why, surface } = message;
  const lines = [
    whoAsks(message),
    line(`on ${plainText(surface, 130)}`),
    consequence(message),
    ...facts.map(({ label, value }) => line(`${plainText(label, HOLDS.label)}: `, plainText(value, HOLDS.value))),
    ...why.reasons.slice(0, HOLDS.reasons).map((reason) => line(plainText(reason, HOLDS.reason))),
    unread.length === 0
      ? null
      : line('⚠️ To be read whole first: ', plainText(unread.map(({ label }) => label).join(', '), 300)),
  ];
  return lines.filter((one) => one !== null);
}

function rulesOf({ order, onFailure, expiresAt }: PlanMessage): Line[] {
  const sequence = order === 'sequence' ? 'One after another' : 'In any order';
  const rest =
    onFailure === 'withdraw'
      ? 'when one is not done, the rest is withdrawn'
      : 'the rest goes on without one that is not done';
  const due =
    expiresAt === null ? [] : [line('Decide by ', dated(expiresAt), '; what is not decided then is refused.')];
  return [line(`${sequence}; ${rest}. What you refuse is left out.`), ...due];
}

const decideButton = ({ plan, revision }: PlanMessage): Block =>
  actionsBlock('plan', [
    button(ACTIONS.planForm, 'Decide…', buttonValue({ action: plan, revision, stage: 0 }), { style: 'primary' }),
  ]);

/** Whether the form's one page would leave something of a step out. */
function isCutHere({ message }: PlanMessageStep): boolean {
  const { facts, why, decisions, unread = [] } = message;
  return (
    unread.length > 0 ||
    decisions.length > 0 ||
    isCut(inOneLine(message), TITLE_MAX / 2) ||
    facts.some(({ label, value }) => isCut(label, HOLDS.label) || isCut(value, HOLDS.value)) ||
    why.reasons.length > HOLDS.reasons ||
    why.reasons.some((reason) => isCut(reason, HOLDS.reason))
  );
}

const openSteps = ({ steps }: PlanMessage): PlanMessageStep[] => steps.filter(({ standing }) => standing === 'open');

/** Everything to read about the waiting steps, uncut, on pages before the deciding one; none where that one has room for it. */
function planPages(message: PlanMessage): Block[][] {
  const open = openSteps(message);
  const isLong = JSON.stringify(open.map((step) => detailsOf(step))).length > FORM_MAX;
  if (!isLong && !open.some((step) => isCutHere(step))) return [];
  return paged(
    open.flatMap((step) => {
      const { surface } = step.message;
      const head = [line(strong(titleOf(step), TITLE_MAX)), line(`on ${plainText(surface, 130)}`)];
      const withheld = (step.message.unread ?? []).filter(({ why }) => why === 'withheld').map(({ label }) => label);
      const lines = [
        ...head,
        consequence(step.message),
        withheld.length === 0
          ? null
          : line('⚠️ Not shown in Slack, so not to be approved here: ', plainText(withheld.join(', '), 300)),
      ];
      const block = rich(lines.filter((one) => one !== null));
      return [{ block, chars: TITLE_MAX }, ...uncutParts(step.message)];
    }),
  );
}

/** The page of the form that holds the decision. */
export const lastPlanPage = (message: PlanMessage): number => planPages(message).length;

/** The choices for the ticked steps, and for the others. */
export const PLAN_CHOICES = ['approve', 'approve-only', 'refuse'] as const;

export interface PlanModalOptions extends ModalOptions {
  /** From 0; the one after all that is to be read holds the decision. */
  page?: number;
}

/** Everything to read, page by page, and then all waiting steps, ticked. */
export function planModal(message: PlanMessage, options: PlanModalOptions): View {
  const open = openSteps(message);
  const pages = planPages(message);
  const at = options.page ?? 0;
  const page = pages[at];
  if (page !== undefined) {
    const title = `Read: ${at + 1} of ${pages.length}`;
    return form({ name: 'plan', title, submit: 'Read on', blocks: page }, options);
  }
  const required = open.some(({ message: { controls } }) => controls.approveReason === 'required');
  const blocks: Block[] = [
    rich([line(strong(planTitle(message), 150)), ...rulesOf(message)]),
    ...groupsOf(open, TOGETHER).flatMap((group, index) => ticks(group, index, pages.length === 0)),
    choice(
      [
        option('Approve the ticked ones, say nothing of the others', 'approve'),
        option('Approve the ticked ones, refuse the others', 'approve-only'),
        option('Refuse the ticked ones', 'refuse'),
      ],
      options,
    ),
    reasonInput(
      'Reason',
      required ? 'required' : 'optional',
      options,
      'Refusing needs one. It is sealed with each decision.',
    ),
    small([plainText(message.responsibility, 600)]),
  ];
  return form({ name: 'plan', title: 'Decide the plan', submit: 'Decide', blocks }, options);
}

/** Ten steps: the checkboxes, and everything to read about the steps unless an earlier page had it. */
function ticks(group: readonly PlanMessageStep[], at: number, isFirst: boolean): Block[] {
  const options = group.map((step) =>
    option(`${step.index + 1}. ${inOneLine(step.message)}`, String(step.index), step.message.surface),
  );
  const element = { type: 'checkboxes', options, initial_options: options };
  const details = rich(group.map((step) => below([line(strong(titleOf(step), TITLE_MAX)), ...detailsOf(step)])));
  return [...(isFirst ? [details] : []), input(INPUTS.plan(at), rangeOf(group), element, { optional: true })];
}
