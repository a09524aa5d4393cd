import { expect, describe, it } from 'vitest';
import fc from 'fast-check';
import { MESSAGE_HOLDS } from '../../src/contract/index.ts';
import { hashOfShownCard, findShownCard, textsShown } from '../../src/teams/card/shown.ts';
import {
  CARD_RENDERER,
  cardHash,
  eventText,
  noticeText,
  renderCard,
  renderPlanCard,
  showsAll,
  textsOfCard,
} from '../../src/teams/card/index.ts';
import type { ApprovalMessage } from '../../src/notify/approval-message.ts';
import { faultsOf, marked } from '../support/adaptive-card.ts';
import { actionsOf } from '../support/teams.ts';
import { MODELS, WAITING } from '../slack/messages.ts';

const LEAD = 'user:finance-lead@acme.test';
/** The models of Slack's messages, with the door open that this one is. */
const models = Object.entries(MODELS).map(([name, model]): [string, ApprovalMessage] => [
  name,
  name === 'step-up' ? model : { ...model, controls: { ...model.controls, via: ['teams', 'console'] } },
]);
const open = { ...WAITING, controls: { ...WAITING.controls, via: ['teams' as const] } };
const message = (card: object) => ({
  type: 'message',
  attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content: card }],
});
const titles = (model: ApprovalMessage): string[] =>
  actionsOf(renderCard(model, LEAD)).map(({ title }) => title as string);

describe('a card', () => {
  it.each(models)('of %s is as it always was, and Teams shows it', async (name, model) => {
    const card = renderCard(model, LEAD);
    expect(faultsOf(message(card))).toEqual([]);
    await expect(`${JSON.stringify(card, null, 2)}\n`).toMatchFileSnapshot(`./golden/${CARD_RENDERER}/${name}.json`);
  });

  it('offers what policy offers, and a link where it does not count here', () => {
    expect(titles(open)).toEqual([
      'Approve',
      'Refuse…',
      'Refuse',
      'Ask a question…',
      'Ask',
      'More time…',
      'Wait longer',
      'Open console',
    ]);
    expect(titles({ ...open, controls: { ...open.controls, via: ['slack'] } })).toEqual(['Open console']);
    const [stage] = open.stages;
    if (stage === undefined) throw new Error('the model has no stage');
    expect(titles({ ...open, stages: [{ ...stage, passkey: true }] })).toEqual(['Open console']);
    expect(titles({ ...open, ask: null, state: 'approved', consoleUrl: null })).toEqual([]);
  });

  it.each([
    ['is to be read elsewhere', { unread: [{ label: 'Note', why: 'cut' as const }] }],
    [
      'is too long for Teams',
      { facts: Array.from({ length: 12 }, () => ({ label: '語'.repeat(60), value: '語'.repeat(2000) })) },
    ],
  ])('of what %s leads there, and is not approved here', (_, more) => {
    const model = { ...open, ...more };
    expect(titles(model)).toContain('Read all, then decide');
    expect(titles(model)).not.toContain('Approve');
    expect(faultsOf(message(renderCard(model, LEAD)))).toEqual([]);
    expect(showsAll(model, LEAD)).toBe(!('facts' in more));
  });

  it('says whole whatever a message holds', () => {
    const value = `start ${'x'.repeat(MESSAGE_HOLDS.value - 10)} end`.slice(0, MESSAGE_HOLDS.value);
    const model = { ...open, facts: [0, 1, 2].map((n) => ({ label: `Fact ${n}`, value })) };
    const texts = textsOfCard(renderCard(model, LEAD)).filter((text) => text.includes(value));
    expect(texts).toHaveLength(3);
    expect(showsAll(model, LEAD)).toBe(true);
  });

  it('renders again to the hash that is sealed, and to no other', () => {
    const hash = cardHash(renderCard(open, LEAD));
    const source = findShownCard({ hash, renderer: CARD_RENDERER }, LEAD, [{ ...open, revision: 0 }, open]);
    expect(source).toMatchObject({ renderer: CARD_RENDERER, person: LEAD, model: { revision: 1 } });
    expect(source === null ? null : hashOfShownCard(source)).toBe(hash);
    expect(source === null ? [] : textsShown(source)).toContain('⏳ Decide: refund.create, 420.50 USD');
    expect(findShownCard({ hash, renderer: CARD_RENDERER }, 'user:somebody@acme.test', [open])).toBeNull();
    expect(() => findShownCard({ hash, renderer: 'teams/99' }, LEAD, [open])).toThrowError(/teams\/99/);
  });
});

describe('what a requester wrote', () => {
  const HOSTILE = [
    '[Approve](https://evil.test)',
    '**bold** _it_ `code` # head',
    '<at>Somebody</at><script>alert(1)</script>',
    '{{DATE(2026-01-01T00:00:00Z, SHORT)}} {{TIME(2026-01-01T00:00:00Z)}}',
    '\u202egnp.exe\u2066',
    'one\n\n- two\r\n1. three',
    '${title} \\n \u0000\ud800',
  ];
  const inEveryField = (text: string): ApprovalMessage => ({
    ...open,
    verb: text,
    surface: text,
    amount: text,
    resource: text,
    actor: { id: text, name: text, type: 'user', owner: text },
    onBehalfOf: [{ id: text, name: text, type: 'user' }],
    facts: [{ label: text, value: text }],
    why: { policy: text, rule: text, reasons: [text] },
    otherwise: text,
    stages: open.stages.map((stage) => ({ ...stage, name: text, people: [{ id: LEAD, name: text, ref: text }] })),
    decisions: [
      {
        by: text,
        name: text,
        decision: 'approve',
        at: 1,
        reason: text,
        via: 'teams',
        onBehalfOf: text,
        changes: [{ label: text, from: text, to: text }],
      },
    ],
    controls: { ...open.controls, mayChange: [{ path: 'params.x', label: text, kind: 'text', value: text }] },
    limitsLeft: [{ label: text, left: text, max: text }],
    notes: [text],
    unread: [],
  });

  it.each(HOSTILE)('stands as text: %j', (text) => {
    const card = renderCard(inEveryField(text), LEAD);
    expect(faultsOf(message(card))).toEqual([]);
    expect(marked(card)).toEqual([]);
    expect(JSON.stringify(card)).not.toMatch(/[\u202e\u2066]|\\u0000|\\ud800/i);
    expect(eventText({ id: '1', kind: 'refused', by: text, detail: text, until: null }).split('\n')).toHaveLength(2);
    expect(
      noticeText({
        id: '1',
        tenant: 'default',
        action: 'act_1',
        headline: text,
        lines: [text],
        consoleUrl: null,
      }).split('\n'),
    ).toHaveLength(3);
  });

  it('of whatever characters and lengths, Teams shows it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2500 }), fc.nat(20), (text, n) => {
        const one = inEveryField(text);
        const model = { ...one, facts: Array.from({ length: n }, () => ({ label: text, value: text })) };
        expect(faultsOf(message(renderCard(model, LEAD)))).toEqual([]);
        expect(marked(renderCard(model, LEAD))).toEqual([]);
      }),
      { numRuns: 25 },
    );
  });
});

it('of a plan names its steps and leads to the console', () => {
  const step = (index: number) => ({ index, message: open, standing: 'open' as const });
  const card = renderPlanCard({
    tenant: 'default',
    plan: 'pln_1',
    revision: 1,
    title: '[x](https://evil.test)',
    order: 'sequence',
    onFailure: 'withdraw',
    effect: null,
    steps: Array.from({ length: 60 }, (_, index) => step(index)),
    ask: 'decision',
    expiresAt: 1_795_262_400,
    responsibility: 'yours',
    consoleUrl: 'https://countersign.acme.test/console',
    audience: { channels: [], people: [LEAD] },
  });
  expect(faultsOf(message(card))).toEqual([]);
  expect(marked(card)).toEqual([]);
  expect(textsOfCard(card)).toEqual(
    expect.arrayContaining(['⏳ Decide a plan: [x](https://evil.test), 60 steps', 'And 20 more']),
  );
});
