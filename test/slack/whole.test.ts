/** What a message says is shown is shown: nothing material is cut unless the message leads to all of it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkView } from '../../sandbox/slack/blocks/views.ts';
import { textLength } from '../../sandbox/slack/blocks/blocks.ts';
import { lastPage, openModal, openShown, renderApprovalMessage, textsOf } from '../../src/slack/blocks/index.ts';
import type { ApprovalMessage, View } from '../../src/slack/blocks/index.ts';
import { unreadOf } from '../../src/notify/unread.ts';
import { WAITING, decision } from './messages.ts';

const person = 'user:finance-lead@acme.test';
const WHOLE = { unseen: [], plan: null };

/** Words that are not blank and that cleaning leaves as they are. */
const words = (maxLength: number) =>
  fc.string({ unit: fc.constantFrom('a', 'B', '7', 'ß', '-', '€'), minLength: 1, maxLength });
const fact = fc.record({ label: words(70), value: words(2300) });
const said = fc.record({ reason: fc.option(words(400)), name: words(60) });
const message: fc.Arbitrary<ApprovalMessage> = fc
  .record({
    verb: words(70),
    amount: fc.option(words(50)),
    resource: fc.option(words(140)),
    facts: fc.array(fact, { maxLength: 14 }),
    reasons: fc.array(words(600), { maxLength: 4 }),
    decisions: fc.array(said, { maxLength: 7 }),
    notes: fc.array(words(250), { maxLength: 6 }),
  })
  .map(({ reasons, decisions, ...parts }) => {
    const model: ApprovalMessage = {
      ...WAITING,
      ...parts,
      why: { ...WAITING.why, reasons },
      decisions: decisions.map((one) => decision({ decision: 'return', ...one })),
    };
    const unread = unreadOf(model, WHOLE);
    return unread.length === 0 ? model : { ...model, unread };
  });

const material = ({ verb, amount, resource, facts, why, decisions }: ApprovalMessage): string[] => [
  verb,
  ...(amount === null ? [] : [amount]),
  ...(resource === null ? [] : [resource]),
  ...facts.flatMap(({ label, value }) => [label, value]),
  ...why.reasons,
  ...decisions.flatMap(({ reason }) => reason ?? []),
];

const buttonsOf = (blocks: unknown): string[] =>
  [...JSON.stringify(blocks).matchAll(/"action_id":"(\w+)"/g)].map(([, id]) => String(id));

const valueOf = (view: View): string => JSON.stringify(view.blocks);

describe('whole before yes', () => {
  test('a message with an Approve button shows every material value uncut, and any other leads to all of it', () => {
    fc.assert(
      fc.property(message, (model) => {
        const { blocks } = renderApprovalMessage(model, { person });
        const shown = model.unread === undefined ? textsOf({ text: '', blocks }) : textsOf(openShown(model, person));
        expect(buttonsOf(blocks)[0]).toBe(model.unread === undefined ? 'approve' : 'open_form');
        const all = shown.join('');
        for (const value of material(model)) expect(all).toContain(value);
      }),
      { numRuns: 200 },
    );
  });

  test('64 KiB of a value are read on pages that Slack takes, and only the last one decides', () => {
    const value = Array.from({ length: 2000 }, (_, i) => `line ${i} ${'é'.repeat(20)}`).join('\n');
    const model: ApprovalMessage = {
      ...WAITING,
      facts: [{ label: 'body', value }],
      unread: [{ label: 'body', why: 'cut' }],
    };
    const last = lastPage(model);
    expect(last).toBeGreaterThan(4);
    for (let page = 0; page <= last; page += 1) {
      const view = openModal(model, { metadata: 'x'.repeat(900), person, page });
      expect(checkView(view, 'modal')).toEqual([]);
      expect(valueOf(view).length).toBeLessThan(100_000);
      expect(textLength(view.blocks)).toBeLessThan(13_000);
      expect(valueOf(view).includes('"block_id":"decision"')).toBe(page === last);
    }
    const read = textsOf(openShown(model, person));
    expect(read.filter((text) => text.startsWith('line '))).toHaveLength(2000);
  });

  test('what differs only after the cut is another thing that was shown', () => {
    const long = (end: string): ApprovalMessage => ({
      ...WAITING,
      facts: [{ label: 'note', value: `${'a'.repeat(5000)}${end}` }],
      unread: [{ label: 'note', why: 'cut' }],
    });
    expect(renderApprovalMessage(long('b'))).toEqual(renderApprovalMessage(long('c')));
    expect(openShown(long('b'), person)).not.toEqual(openShown(long('c'), person));
  });

  test('what is withheld cannot be approved in Slack, only refused or asked about', () => {
    const model: ApprovalMessage = { ...WAITING, unread: [{ label: 'account', why: 'withheld' }] };
    const choices = valueOf(openModal(model, { metadata: '', person, page: lastPage(model) }));
    expect(choices).not.toContain('"value":"approve"');
    expect(choices).toContain('"value":"refuse"');
    expect(JSON.stringify(renderApprovalMessage({ ...model, consoleUrl: null }).blocks)).toContain(
      'countersign show --whole',
    );
  });
});
