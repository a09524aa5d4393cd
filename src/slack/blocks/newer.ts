/**
 * Slack's newer blocks, where they help: a table for several facts, a plan for stages, an alert on top of a form. Each has a plain form
 * with the same words, for surfaces and workspaces that refuse it: tables and plans are for messages alone, alerts for forms alone
 * (docs.slack.dev/reference/block-kit/blocks).
 */
import { MESSAGE_HOLDS, type JsonObject } from '../../contract/index.ts';
import type { ApprovalMessage, MessageStage } from './model.ts';
import type { Block, View } from './parts-6/kit.ts';
import { line, rich, strong } from './parts-6/rich.ts';
import { list, plainText } from './parts-6/text.ts';

/** Slack's limits of them. */
const NEWER_LIMITS = { alert: 200, title: 250 } as const;

/** As many facts make a table; fewer are lines. */
const TABLE_FROM = 3;
/** A longer value would be a narrow column of many lines. */
const CELL_MAX = 160;

const cell = (text: string, max: number): JsonObject => ({ type: 'raw_text', text: plainText(text, max) });

/** `420.50 USD` is a number that reads so. */
function amountCell(text: string): JsonObject | null {
  const [, number] = /^(-?\d{1,15}(?:\.\d{1,14})?)(?: [A-Z]{3})?$/.exec(text) ?? [];
  return number === undefined ? null : { type: 'raw_number', value: Number(number), text };
}

const MONEY = /^-?\d{1,15}(\.\d{1,14})? [A-Z]{3}$/;

/** Several short facts, the amount first; null where lines serve better. */
export function factsTable({ amount, facts }: ApprovalMessage): Block | null {
  const listed = facts.slice(0, MESSAGE_HOLDS.facts);
  const areShort = listed.every(({ label, value }) => label.length <= MESSAGE_HOLDS.label && fits(value));
  if (listed.length < TABLE_FROM || !areShort) return null;
  const number = amount === null ? null : amountCell(amount);
  const rows = [
    [cell('What', 60), cell('Value', 60)],
    ...(number === null ? [] : [[cell('Amount', 60), number]]),
    ...listed.map(({ label, value }) => [
      cell(label, MESSAGE_HOLDS.label),
      (MONEY.test(value) ? amountCell(value) : null) ?? cell(value, CELL_MAX),
    ]),
  ];
  return { type: 'table', rows, column_settings: [{ is_wrapped: true }, { is_wrapped: true }] };
}

const fits = (value: string): boolean => value.length <= CELL_MAX && !value.includes('\n');

const STATUSES = { done: 'complete', open: 'in_progress', later: 'pending', refused: 'error' } as const;

/** The stages as tasks. The title has the same in words. @param title of what is done and what waits */
export function stagesPlan(message: ApprovalMessage, title: string): Block {
  const over = message.ask !== 'decision' && message.state !== 'frozen';
  const tasks = message.stages.slice(0, 6).map((stage, index) => ({
    type: 'task_card',
    task_id: `stage_${String(index)}`,
    title: plainText(stage.name, 60),
    status: over && stage.state === 'open' ? 'pending' : STATUSES[stage.state],
    details: rich([line(who(stage))]),
  }));
  return { type: 'plan', title: plainText(title, NEWER_LIMITS.title), tasks };
}

function who({ people, quorum, approvals }: MessageStage): string {
  const names = people.map(({ name }) => plainText(name, 60));
  const count =
    Number.isSafeInteger(quorum) && quorum > 1 ? `${String(approvals)} of ${String(quorum)} approved · ` : '';
  return `${count}${names.length === 0 ? 'nobody is named yet' : list(names, 4)}`;
}

/** A warning that readers of a form must not overlook. It is repeated below. */
export function alertsOf({ state, effect, ask }: ApprovalMessage): Block[] {
  if (ask === 'review') {
    const text = state === 'review_overdue' ? 'This review is overdue.' : 'Released at once, in an emergency.';
    return [alert('error', `${text} Nobody approved it before.`)];
  }
  return ask === 'decision' && effect === 'irreversible'
    ? [alert('warning', 'What you approve cannot be undone.')]
    : [];
}

const alert = (level: 'warning' | 'error', text: string): Block => ({
  type: 'alert',
  level,
  text: { type: 'plain_text', text: text.slice(0, NEWER_LIMITS.alert), emoji: false },
});

/** A form for clients that have no alerts. */
export function inPlain(view: View): View {
  return { ...view, blocks: view.blocks.map((block) => (block['type'] === 'alert' ? plainAlert(block) : block)) };
}

function plainAlert({ text }: Block): Block {
  const said = typeof text === 'object' && text !== null && !Array.isArray(text) ? text['text'] : '';
  return rich([line('⚠️ ', strong(typeof said === 'string' ? said : '', NEWER_LIMITS.alert))]);
}
