/** The one message about a plan and its form: within what Slack takes, whatever the steps hold. */
import { describe, expect, it } from 'vitest';
import { checkBlocks, textLength } from '../../sandbox/slack/blocks/blocks.ts';
import { checkView } from '../../sandbox/slack/blocks/views.ts';
import type { PlanMessage, PlanMessageStep } from '../../src/notify/plan-message.ts';
import { lastPlanPage, planModal, renderPlanMessage } from '../../src/slack/blocks/index.ts';
import { NOW, WAITING } from './messages.ts';

/** Text of all blocks together that Slack takes. */
const BLOCKS_TEXT = 13_200;
const LONG = 'x'.repeat(600);

const plan = (count: number, more: Partial<PlanMessageStep['message']> = {}, ask: PlanMessage['ask'] = 'decision') =>
  ({
    ...{ tenant: 'default', plan: `pln_${'ab'.repeat(32)}`, revision: 3, title: 'November payroll', effect: null },
    ...{ order: 'sequence', onFailure: 'withdraw', ask, expiresAt: NOW + 3600, consoleUrl: null },
    responsibility: WAITING.responsibility,
    audience: WAITING.audience,
    steps: Array.from({ length: count }, (_, index) => ({
      index,
      standing: ask === null ? 'executed' : 'open',
      message: { ...WAITING, ...more, ...(ask === null ? { state: 'executed', ask: null } : {}) },
    })),
  }) as PlanMessage;

const long = { verb: LONG, amount: LONG, resource: LONG, surface: 's'.repeat(128) };
const facts = Array.from({ length: 8 }, () => ({ label: LONG, value: LONG }));

describe('the message of a plan', () => {
  it.each([
    ['of one step', plan(1)],
    ['of twelve', plan(12)],
    ['of a hundred', plan(100)],
    ['of a hundred long ones', plan(100, { ...long, facts })],
    ['that is done', plan(3, {}, null)],
  ])('%s is one that Slack takes, with the blocks of plans and without', (_name, message) => {
    for (const plain of [false, true]) {
      const { blocks } = renderPlanMessage(message, { plain });
      expect(checkBlocks(blocks, 'message')).toEqual([]);
      expect(textLength(blocks)).toBeLessThan(BLOCKS_TEXT);
    }
  });

  it('shows everything of each step where there is room, and how it stands', () => {
    const { blocks } = renderPlanMessage(plan(2));
    expect(blocks[1]).toMatchObject({
      type: 'plan',
      title: 'November payroll, 2 steps',
      tasks: [
        { type: 'task_card', status: 'pending' },
        { type: 'task_card', status: 'pending' },
      ],
    });
    expect(JSON.stringify(blocks[1])).toContain('Environment: production');
    expect(JSON.stringify(renderPlanMessage(plan(2, {}, null)).blocks)).not.toContain('plan_form');
  });
});

it('an approved step that waits for its turn says so', () => {
  const { steps, ...message } = plan(2, { state: 'frozen' });
  const ready = steps.map((step) => ({ ...step, standing: 'ready' as const }));
  const text = JSON.stringify(renderPlanMessage({ ...message, steps: ready }).blocks);
  expect(text).toContain('waits for its turn');
  expect(text).not.toContain('frozen');
});

describe('the form of a plan', () => {
  it.each([
    ['of one step', plan(1)],
    ['of a hundred', plan(100)],
    ['of a hundred long ones', plan(100, { ...long, facts })],
  ])('%s is one that Slack takes, with every step on its last page and ticked', (_name, message) => {
    const view = planModal(message, { metadata: 'm', page: lastPlanPage(message) });
    expect(checkView(view, 'modal')).toEqual([]);
    const ticked = view.blocks.flatMap(
      ({ element }) => (element as { initial_options?: { value: string }[] } | undefined)?.initial_options ?? [],
    );
    expect(ticked.map(({ value }) => Number(value))).toEqual(message.steps.map(({ index }) => index));
  });

  const fact = (length: number) => ({ facts: [{ label: 'Note', value: `${'a'.repeat(length - 4)} end` }] });
  it.each<[string, Partial<PlanMessageStep['message']>, number]>([
    ['a value that it has room for', fact(500), 0],
    ['a value of one character more', fact(501), 1],
    ['a value that a message alone would hold', fact(1999), 1],
    ['one that a message would not', { ...fact(9000), unread: [{ label: 'Note', why: 'cut' }] }, 2],
    ['a long reason', { why: { ...WAITING.why, reasons: [`${'r'.repeat(400)} end`] } }, 1],
    ['four reasons', { why: { ...WAITING.why, reasons: ['one', 'two', 'three', 'at the end'] } }, 1],
  ])('with %s shows all of it before it asks', (_name, more, pages) => {
    const message = plan(2, more);
    expect(lastPlanPage(message)).toBe(pages);
    const views = Array.from({ length: pages + 1 }, (_, page) => planModal(message, { metadata: 'm', page }));
    for (const view of views) expect(checkView(view, 'modal')).toEqual([]);
    expect(JSON.stringify(views).split(/ end\b/).length - 1).toBe(2);
    const asks = views.map(({ submit }) => (submit as { text: string }).text);
    expect(asks).toEqual([...Array<string>(pages).fill('Read on'), 'Decide']);
  });

  it('of fifty steps that are long is read on as many pages as it takes, none of them too long', () => {
    const message = plan(50, fact(1500));
    const last = lastPlanPage(message);
    expect(last).toBeGreaterThan(5);
    const pages = Array.from({ length: last }, (_, page) => planModal(message, { metadata: 'm', page }));
    expect(pages.flatMap((view) => checkView(view, 'modal'))).toEqual([]);
    expect(JSON.stringify(pages).split(/ end\b/).length - 1).toBe(50);
    expect(Math.max(...pages.map((view) => JSON.stringify(view).length))).toBeLessThan(100_000);
  });

  it('says which steps hold what Slack is not to show', () => {
    const message = plan(1, { unread: [{ label: 'Recipient', why: 'withheld' }] });
    expect(JSON.stringify(planModal(message, { metadata: 'm' }))).toContain('not to be approved here: Recipient');
  });
});
