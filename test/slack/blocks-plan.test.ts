/** The one message about a plan and its form: within what Slack takes, whatever the steps hold. */
import { describe, expect, it } from 'vitest';
import { checkBlocks, textLength } from '../../sandbox/slack/blocks/blocks.ts';
import { checkView } from '../../sandbox/slack/blocks/views.ts';
import type { PlanMessage, PlanMessageStep } from '../../src/notify/plan-message.ts';
import { planModal, renderPlanMessage } from '../../src/slack/blocks/index.ts';
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

describe('the form of a plan', () => {
  it.each([
    ['of one step', plan(1)],
    ['of a hundred', plan(100)],
    ['of a hundred long ones', plan(100, { ...long, facts })],
  ])('%s is one that Slack takes, with every step in it and ticked', (_name, message) => {
    const view = planModal(message, { metadata: 'm' });
    expect(checkView(view, 'modal')).toEqual([]);
    const ticked = view.blocks.flatMap(
      ({ element }) => (element as { initial_options?: { value: string }[] } | undefined)?.initial_options ?? [],
    );
    expect(ticked.map(({ value }) => Number(value))).toEqual(message.steps.map(({ index }) => index));
  });
});
