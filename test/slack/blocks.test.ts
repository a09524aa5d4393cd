import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkBlocks, textLength } from '../../sandbox/slack/blocks/blocks.ts';
import { checkView } from '../../sandbox/slack/blocks/views.ts';
import { MESSAGE_HOLDS, type Json, type JsonObject } from '../../src/contract/index.ts';
import {
  RENDERER,
  SHOWN_VIEWS,
  alikeModal,
  alikeShown,
  approveModal,
  buttonValue,
  extendModal,
  findShown,
  freezesAnswer,
  grantModal,
  helpAnswer,
  homeView,
  inPlain,
  liftModal,
  noHomeView,
  openModal,
  pendingAnswer,
  readButtonValue,
  refusalAnswer,
  refuseModal,
  renderApprovalMessage,
  renderDigest,
  renderNotice,
  renderShown,
  renderThreadEvent,
  returnModal,
  shownHash,
  showAnswer,
  textModal,
  words,
  type ApprovalMessage,
  type MessageState,
  type Rendered,
} from '../../src/slack/blocks/index.ts';
import { ACTION, MODELS, NOW, WAITING, decision } from './messages.ts';

const buttons = ({ blocks }: { blocks: JsonObject[] }): string[] =>
  blocks
    .filter((block) => block['type'] === 'actions')
    .flatMap((block) => (block['elements'] as JsonObject[]).map((element) => String(element['action_id'])));
const everything = (value: Json): string => JSON.stringify(value);

describe('the message of each state', () => {
  test.each(Object.entries(MODELS))('%s looks as it did', async (name, model) => {
    const rendered = renderApprovalMessage(model, { person: 'user:finance-lead@acme.test' });
    await expect(`${JSON.stringify(rendered, null, 2)}\n`).toMatchFileSnapshot(`./golden/${RENDERER}/${name}.json`);
    expect(checkBlocks(rendered.blocks, 'message')).toEqual([]);
  });

  test('buttons are there while something can be decided in Slack, and gone otherwise', () => {
    const controls = Object.fromEntries(
      Object.entries(MODELS).map(([name, model]) => [name, buttons(renderApprovalMessage(model))]),
    );
    const decide = ['approve', 'refuse_form', 'return_form', 'extend_form'];
    expect(controls['waiting']).toEqual(decide);
    expect(controls['waiting-with-form']).toEqual(['approve_form', ...decide.slice(1)]);
    expect(controls['alike']).toEqual([...decide, 'alike_form']);
    expect(controls['returned']).toEqual(decide);
    expect(controls['step-up']).toEqual(['open_console']);
    expect(controls['passkey']).toEqual([]);
    expect(controls['long']).toEqual(['open_form', ...decide.slice(1)]);
    expect(controls['withheld']).toEqual(['open_console', ...decide.slice(1)]);
    expect(controls['break-glass']).toEqual(['approve_form', 'refuse_form']);
    for (const name of ['approved', 'changed', 'refused', 'expired', 'cancelled', 'released', 'executed', 'reviewed']) {
      expect(controls[name], name).toEqual([]);
    }
  });

  test('the first glance says what, how much, who for whom, why, until when and what happens otherwise', () => {
    const { text, blocks } = renderApprovalMessage(WAITING);
    const glance = everything(blocks.slice(0, 2));
    for (const part of [
      'refund.create, 420.50 USD',
      'support-bot',
      'Robin Requester',
      'order ord_991',
      'Refunds above 100 need a person of finance',
      `"timestamp":${NOW + 4 * 3600},"format":"{date_short_pretty} at {time}","fallback":"2026-11-21 16:00 UTC"`,
      'If nobody does, it is refused.',
    ]) {
      expect(glance).toContain(part);
    }
    expect(text).toContain('Decide: refund.create, 420.50 USD');
    expect(text).toContain('Robin Requester');
  });

  test('the reader is told why they are asked, and steps are counted', () => {
    expect(everything(renderApprovalMessage(WAITING, { person: 'user:cfo@acme.test' }).blocks)).toContain(
      'You are asked because of group:finance.',
    );
    expect(everything(renderApprovalMessage(WAITING, { person: 'user:auditor@acme.test' }).blocks)).not.toContain(
      'You are',
    );
    expect(everything(renderApprovalMessage(MODELS['second-stage'] as ApprovalMessage).blocks)).toContain(
      '1 of 2: finance done, security waiting',
    );
  });

  test('several short facts are a table, amounts numbers in it; a form has lines', () => {
    const several = MODELS['several'] as ApprovalMessage;
    const [table] = renderApprovalMessage(several).blocks.filter(({ type }) => type === 'table');
    expect(table?.['rows']).toEqual([
      [expect.anything(), expect.anything()],
      [
        { type: 'raw_text', text: 'Amount' },
        { type: 'raw_number', value: 420.5, text: '420.50 USD' },
      ],
      [
        { type: 'raw_text', text: 'Environment' },
        { type: 'raw_text', text: 'production' },
      ],
      [
        { type: 'raw_text', text: 'Fee' },
        { type: 'raw_number', value: 12.5, text: '12.50 USD' },
      ],
      [
        { type: 'raw_text', text: 'Recipient' },
        { type: 'raw_text', text: 'Acme Supplies GmbH' },
      ],
    ]);
    const plain = renderApprovalMessage(several, { plain: true });
    const form = openModal(several, { metadata: '', person: 'user:cfo@acme.test' });
    for (const { blocks } of [plain, form]) {
      expect(blocks.map(({ type }) => type)).not.toContain('table');
      expect(everything(blocks)).toContain('Acme Supplies GmbH');
    }
    expect(shownHash(plain)).not.toBe(shownHash(renderApprovalMessage(several)));
  });

  test('stages that are done, open and waiting are tasks of a plan', () => {
    const [plan] = renderApprovalMessage(MODELS['second-stage'] as ApprovalMessage).blocks.filter(
      ({ type }) => type === 'plan',
    );
    expect((plan?.['tasks'] as JsonObject[]).map(({ title, status }) => [title, status])).toEqual([
      ['finance', 'complete'],
      ['security', 'in_progress'],
    ]);
  });

  test.each([
    ['irreversible', 'warning'],
    ['break-glass', 'error'],
    ['review-overdue', 'error'],
  ])('the form about %s begins with an alert, and without it where a client has none', (name, level) => {
    const view = openModal(MODELS[name] as ApprovalMessage, { metadata: '', person: 'user:cfo@acme.test' });
    expect(view.blocks[0]).toMatchObject({ type: 'alert', level });
    expect(checkView(view, 'modal')).toEqual([]);
    const plain = inPlain(view);
    expect(plain.blocks.map(({ type }) => type)).not.toContain('alert');
    expect(plain.blocks).toHaveLength(view.blocks.length);
  });

  test('same model, same hash; another word, another hash', () => {
    const hash = shownHash(renderApprovalMessage(WAITING));
    expect(shownHash(renderApprovalMessage(structuredClone(WAITING)))).toBe(hash);
    expect(shownHash(renderApprovalMessage({ ...WAITING, amount: '420.51 USD' }))).not.toBe(hash);
  });
});

describe('what was shown, rendered again', () => {
  const sealed = { hash: shownHash(renderApprovalMessage(WAITING)), renderer: RENDERER };
  const lead = 'user:finance-lead@acme.test';

  test('is found among what was kept, wherever it was shown', () => {
    const kept = [{ ...WAITING, amount: '1.00 USD' }, WAITING, { ...WAITING, revision: 9 }];
    expect(findShown(sealed, lead, kept)).toEqual({
      renderer: RENDERER,
      view: 'message',
      person: null,
      model: WAITING,
    });
    for (const view of SHOWN_VIEWS) {
      const shown = { renderer: RENDERER, view, person: lead, model: WAITING };
      const hash = shownHash(renderShown(shown));
      const found = findShown({ ...sealed, hash }, lead, kept);
      expect(found === null ? null : shownHash(renderShown(found)), view).toBe(hash);
    }
    expect(findShown(sealed, lead, kept.slice(0, 1))).toBeNull();
  });

  test.each(['slack/5', 'slack/6', 'slack/7', 'slack/8'])(
    'by the older version %s is the same bytes as then',
    async (renderer) => {
      const golden = JSON.parse(
        await readFile(new URL(`./golden/${renderer}/hashes.json`, import.meta.url), 'utf8'),
      ) as Record<string, string>;
      // Models of later versions say what that one did not know.
      const models = Object.entries(MODELS).filter(([name]) => `${name} message channel` in golden);
      const views = models.flatMap(([name, model]) =>
        SHOWN_VIEWS.flatMap((view) => [null, lead].map((person) => ({ name, model, view, person }))),
      );
      const hashes = views.map(({ name, model, view, person }) => [
        `${name} ${view} ${person ?? 'channel'}`,
        shownHash(renderShown({ renderer, view, person, model })),
      ]);
      expect(Object.fromEntries(hashes)).toEqual(golden);
      for (const [name, model] of models) {
        const rendered = renderShown({ renderer, view: 'message', person: lead, model });
        await expect(`${JSON.stringify(rendered, null, 2)}\n`).toMatchFileSnapshot(`./golden/${renderer}/${name}.json`);
        const sealed = { hash: shownHash(rendered), renderer };
        expect(findShown(sealed, lead, [model])).toMatchObject({ renderer, view: 'message' });
      }
    },
  );

  test('by a version that nobody has any more is refused in words', () => {
    const old = { renderer: 'slack/1', view: 'message', person: null, model: WAITING } as const;
    expect(() => renderShown(old)).toThrow(
      /rendered by `slack\/1`, and this version renders `slack\/5` and `slack\/6` and `slack\/7` and `slack\/8` and `slack\/9` only/,
    );
    expect(() => findShown({ ...sealed, renderer: 'slack/1' }, lead, [WAITING])).toThrow(
      expect.objectContaining({ code: 'invalid-evidence' }) as Error,
    );
  });
});

const nasty = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: 'grapheme', maxLength: 60 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 6000 }) },
  {
    weight: 1,
    arbitrary: fc.string({
      unit: fc.constantFrom('&', '<', '>', '|', '`', '*', '\n', '😀', '\ud800'),
      maxLength: 4000,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '',
      ' ',
      '**',
      'valueOf',
      '__proto__',
      '<!channel>',
      '<@U0CFO>',
      '<https://evil.test|Approve>',
      '\u202Efdp',
      'x'.repeat(50_000),
    ),
  },
);
const number = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(0, -1, Number.NaN, Infinity, 2 ** 60));
const nastyMany = fc.array(nasty, { maxLength: 14 });
const party = fc.record({ id: nasty, name: fc.option(nasty), type: fc.constantFrom('user', 'service', 'agent') });
const model: fc.Arbitrary<ApprovalMessage> = fc.record({
  tenant: nasty,
  action: fc.oneof(fc.constant(ACTION), nasty),
  revision: number,
  surface: nasty,
  verb: nasty,
  state: fc.constantFrom<MessageState[]>(...Object.values(MODELS).map(({ state }) => state)),
  ask: fc.constantFrom('decision', 'review', null),
  actor: party,
  onBehalfOf: fc.array(party, { maxLength: 6 }),
  resource: fc.option(nasty),
  amount: fc.option(nasty),
  facts: fc.array(fc.record({ label: nasty, value: nasty }), { maxLength: 30 }),
  withheld: number,
  why: fc.record({ policy: fc.option(nasty), rule: fc.option(nasty), reasons: nastyMany }),
  otherwise: nasty,
  expiresAt: fc.option(number),
  stages: fc.array(
    fc.record({
      name: nasty,
      quorum: number,
      approvals: number,
      state: fc.constantFrom('done', 'open', 'later', 'refused'),
      people: fc.array(fc.record({ id: nasty, name: nasty, ref: nasty }), { maxLength: 30 }),
      passkey: fc.boolean(),
    }),
    { maxLength: 9 },
  ),
  stage: number,
  decisions: fc.array(
    fc.record({
      by: nasty,
      name: nasty,
      decision: fc.constantFrom('approve', 'refuse', 'return', 'extend', 'answered', 'expired', 'cancelled'),
      at: number,
      reason: fc.option(nasty),
      via: fc.constantFrom('slack', 'console', 'api', 'cli', 'engine'),
      onBehalfOf: fc.option(nasty),
      changes: fc.array(fc.record({ label: nasty, from: nasty, to: nasty }), { maxLength: 6 }),
    }),
    { maxLength: 9 },
  ),
  controls: fc.record({
    approveReason: fc.constantFrom('required', 'optional'),
    mayChange: fc.array(
      fc.record({
        path: nasty,
        label: nasty,
        kind: fc.constantFrom('number', 'decimal', 'text'),
        value: fc.option(nasty),
      }),
      { maxLength: 14 },
    ),
    mayReturn: fc.boolean(),
    extendUntil: fc.option(number),
    via: fc.subarray(['slack', 'console', 'api', 'cli']),
  }),
  responsibility: nasty,
  lately: fc.option(fc.record({ approved: number, refused: number, days: number })),
  limitsLeft: fc.array(fc.record({ label: nasty, left: nasty, max: nasty }), { maxLength: 6 }),
  alike: fc.array(
    fc.record({ action: fc.uuid().map((id) => `act_${id}`), revision: number, stage: number, summary: nasty }),
    { maxLength: 60 },
  ),
  notes: nastyMany,
  review: fc.option(fc.record({ dueAt: number, reviewers: nastyMany, result: fc.option(nasty) })),
  consoleUrl: fc.option(fc.oneof(nasty, fc.webUrl({ withQueryParameters: true }))),
  receipt: fc.option(nasty),
  audience: fc.record({ channels: nastyMany, people: nastyMany }),
  unread: fc.option(fc.array(fc.record({ label: nasty, why: fc.constantFrom('cut', 'withheld') }), { maxLength: 9 })),
}) as fc.Arbitrary<ApprovalMessage>;

/** Markup that Slack acts on: ours are dates and links to http(s) pages. */
function foreignMarkup(value: Json): string[] {
  return [...everything(value).matchAll(/<([^<>]*)>/g)]
    .map((match) => String(match[1]))
    .filter((inside) => !/^!date\^\d+\^\{date_short_pretty\} at \{time\}\|[-0-9: ]+ UTC$/.test(inside))
    .filter((inside) => !/^https?:\/\/[^\s|]+\|(more|console|see in the console|[^<>|]{1,24})$/.test(inside));
}

describe('whatever the model holds', () => {
  const within = (rendered: Rendered): void => {
    expect(checkBlocks(rendered.blocks, 'message')).toEqual([]);
    expect(textLength(rendered.blocks)).toBeLessThanOrEqual(12_000);
    expect(rendered.text.length).toBeGreaterThan(0);
    expect(rendered.text.length).toBeLessThanOrEqual(4000);
    expect(foreignMarkup([rendered.text, ...rendered.blocks.map(onlyMrkdwn)])).toEqual([]);
    expect(textsIn(rendered.blocks, 'mrkdwn').filter((text) => !OURS.test(text))).toEqual([]);
    expect(shownHash(rendered)).toMatch(/^sha256:[0-9a-f]{64}$/);
  };
  /** Plain text is shown as it is, so only `mrkdwn` can hold markup. */
  const onlyMrkdwn = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(onlyMrkdwn);
    if (typeof value !== 'object' || value === null) return '';
    if (value['type'] === 'mrkdwn') return String(value['text']);
    return Object.values(value).map(onlyMrkdwn);
  };

  test('messages and answers stay within limits, and nothing in them mentions or links', () => {
    fc.assert(
      fc.property(model, nasty, (message, person) => {
        within(renderApprovalMessage(message, { person }));
        within(showAnswer(message, person));
        within(refusalAnswer({ code: 'already-decided', message: person }, message));
        within(words(person));
        within(helpAnswer(person));
        within(
          renderThreadEvent(
            { id: person, kind: 'reminder', by: person, detail: person, until: message.expiresAt, people: [person] },
            [`${person}>`, `<!channel>`],
          ),
        );
        within(
          renderNotice({
            id: '1',
            tenant: '',
            action: message.action,
            headline: person,
            lines: message.notes,
            consoleUrl: message.consoleUrl,
          }),
        );
      }),
      { numRuns: 150 },
    );
  });

  test('lists of many of them, too', () => {
    fc.assert(
      fc.property(fc.array(model, { maxLength: 12 }), (waiting) => {
        const answer = pendingAnswer(waiting);
        expect(checkBlocks(answer.blocks, 'message')).toEqual([]);
        expect(textLength(answer.blocks)).toBeLessThanOrEqual(12_000);
        const decided = waiting.map(({ action, verb, consoleUrl }) => ({
          action,
          summary: verb,
          decision: verb,
          at: 1,
          state: verb,
          consoleUrl,
        }));
        const reviews = decided.map((item) => ({ ...item, dueAt: NOW, reviewers: [item.summary] }));
        const grants = waiting.map(({ verb, action }) => grantOf(verb, action));
        const home = homeView({ name: waiting[0]?.verb ?? '', waiting, decided, reviews, grants });
        expect(checkView(home, 'home')).toEqual([]);
        expect(foreignMarkup(onlyMrkdwn(home.blocks))).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });

  test('a message about many has no more than fits, nothing that decides, and only our own markup', () => {
    fc.assert(
      fc.property(fc.array(model, { maxLength: 30 }), (items) => {
        const { blocks, text } = renderDigest({ items, consoleUrl: 'https://countersign.acme.test' });
        expect(checkBlocks(blocks, 'message')).toEqual([]);
        expect(foreignMarkup(onlyMrkdwn(blocks))).toEqual([]);
        expect(buttons({ blocks }).every((id) => id === 'open_form')).toBe(true);
        expect(text.length).toBeLessThan(4000);
      }),
      { numRuns: 20 },
    );
  });

  test('modals stay within limits, with whatever was typed before', () => {
    fc.assert(
      fc.property(model, nasty, (message, text) => {
        const typed = { reason: text, decision: text, until: text, change_0: text, uses: text, up_to: text };
        const options = { metadata: 'm'.repeat(3000), typed, problem: text };
        for (const make of [approveModal, refuseModal, returnModal, extendModal, alikeModal]) {
          expect(checkView(make(message, options), 'modal'), make.name).toEqual([]);
          expect(checkView(make(message, { metadata: '' }), 'modal'), make.name).toEqual([]);
        }
        expect(checkView(openModal(message, { ...options, person: text }), 'modal')).toEqual([]);
        expect(checkView(grantModal(message, { ...options, now: NOW }), 'modal')).toEqual([]);
        expect(checkView(textModal('A title that is far too long for it', text), 'modal')).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});

/** All texts of elements of one type. */
function textsIn(value: Json, type: string): string[] {
  if (Array.isArray(value)) return value.flatMap((one) => textsIn(one, type));
  if (typeof value !== 'object' || value === null) return [];
  const own = value['type'] === type && typeof value['text'] === 'string' ? [value['text']] : [];
  return [...own, ...Object.values(value).flatMap((one) => textsIn(one, type))];
}

/** The only `mrkdwn` there is: a link of ours, and the help. */
const OURS =
  /^(<https?:\/\/[^\s<>|]+\|(console|see in the console)>|\*`\/countersign`\*: what you can do here\n[^<>]*)$/;

/** What comes from outside, and what people read. */
const OUTSIDE: readonly (readonly [given: string, shown: string])[] = [
  ['<!channel> approve', '<!channel> approve'],
  ['<@U0CFO>', '<@U0CFO>'],
  ['<https://evil.test|Console>', '<https://evil.test|Console>'],
  ['https://evil.test/console', 'https://evil.test/console'],
  ['a & b &lt;', 'a & b &lt;'],
  ['one\n*Approved by Chidi Forde*', 'one *Approved by Chidi Forde*'],
  ['_sealed_ by _risk_', '_sealed_ by _risk_'],
  ['ord_991_b', 'ord_991_b'],
  ['~see below~', '~see below~'],
  ['`code` ```block```', '`code` ```block```'],
  ['ok :white_check_mark: :+1:', 'ok :white_check_mark: :+1:'],
  ['> quoted', '> quoted'],
  ['<!date^0^{date}|never>', '<!date^0^{date}|never>'],
  ['\u202Egnp.exe', 'gnp.exe'],
  ['\u2066pay\u2069\u061c\u200e', 'pay'],
  ['pay\u200B\u200C\u200D\u2060\ufeff\u00adments', 'payments'],
  ['a\u034fb\u115fc\u1160d\u3164e\uffa0f\u2800g', 'abcdefg'],
  ['a\ufe0fb\ufe00c\u{e0100}d\u180be', 'abcde'],
  ['x\u{e0001}\u{e0041}\u{e007f}y', 'xy'],
  ['a\u17b4b\u17b5c\u206ad\ufff9e', 'abcde'],
  ['a\u{1d173}b\u{1d159}c\u{13441}d\u{16fe4}e', 'abcde'],
  ['a\ue000b\ufdd0', 'a\ufffdb\ufffd'],
  ['a\ud800b', 'a\ufffdb'],
  ['a\u0000\u0007\u001b[31mb\u2028c', 'a [31mb c'],
  ['\u200b\u3164x\u2029', 'x'],
];

/** Every place of a model that holds text from outside, each with `text` in it. */
const everywhere = (text: string): ApprovalMessage => {
  const party = { ...WAITING.actor, id: `user:${text}`, name: text };
  const [stage] = WAITING.stages;
  if (stage === undefined) throw new Error('no stage');
  const people = [{ id: 'user:cfo@acme.test', name: text, ref: text }];
  return {
    ...WAITING,
    surface: text,
    verb: text,
    actor: party,
    onBehalfOf: [party],
    resource: text,
    amount: text,
    facts: [{ label: text, value: text }],
    why: { policy: text, rule: text, reasons: [text] },
    otherwise: text,
    stages: [
      { ...stage, name: text, people },
      { ...stage, name: text, people },
    ],
    decisions: [
      decision({ name: text, reason: text, onBehalfOf: text, changes: [{ label: text, from: text, to: text }] }),
    ],
    controls: { ...WAITING.controls, mayChange: [{ path: 'params.a', label: text, kind: 'text', value: text }] },
    responsibility: text,
    limitsLeft: [{ label: text, left: text, max: text }],
    alike: [{ action: ACTION, revision: 1, stage: 0, summary: text }],
    notes: [text],
    review: { dueAt: NOW, reviewers: [text], result: text },
    receipt: text,
  };
};

const grantOf = (text: string, id = 'grt_0123') => ({
  id,
  by: text,
  verb: text,
  surface: text,
  actor: text,
  until: NOW,
  uses: 20,
  used: 1,
  upTo: text,
  sum: text,
  currency: text,
});

/** Everything that is posted or opened about such a model. */
function rendered(text: string): { name: string; blocks: JsonObject[] }[] {
  const message = everywhere(text);
  const options = { metadata: '', problem: text, typed: { reason: text } };
  const freeze = { id: 'frz_0123', scope: { kind: 'actor' as const, value: text }, reason: text, by: text, at: NOW };
  const decided = [{ action: ACTION, summary: text, decision: text, at: NOW, state: text, consoleUrl: null }];
  const reviews = [{ action: ACTION, summary: text, dueAt: NOW, reviewers: [text], consoleUrl: null }];
  const states = Object.values(MODELS).map(({ state, ask }) => ({
    name: state,
    ...renderApprovalMessage({ ...message, state, ask }, { person: 'user:cfo@acme.test' }),
  }));
  const event = { id: 'e', kind: 'reminder', by: text, detail: text, until: null } as const;
  const told = { id: 'n', tenant: '', action: ACTION, headline: text, lines: [text], consoleUrl: null };
  return [
    ...states,
    { name: 'thread', ...renderThreadEvent(event) },
    { name: 'notice', ...renderNotice(told) },
    { name: 'words', ...words(text) },
    { name: 'refusal', ...refusalAnswer({ code: 'not-open', message: text }, message) },
    { name: 'help', ...helpAnswer(text) },
    { name: 'show', ...showAnswer(message, 'user:cfo@acme.test') },
    { name: 'pending', ...pendingAnswer([message]) },
    { name: 'freezes', ...freezesAnswer([freeze]) },
    { name: 'lift', ...liftModal(freeze, options) },
    { name: 'nobody', ...noHomeView(text) },
    {
      name: 'home',
      ...homeView({
        name: text,
        waiting: [message],
        decided,
        reviews,
        grants: [grantOf(text)],
        freezes: [freeze],
        mayLift: true,
      }),
    },
    { name: 'digest', ...renderDigest({ items: [message], consoleUrl: null }) },
    { name: 'open', ...openModal(message, { ...options, person: 'user:cfo@acme.test' }) },
    { name: 'text', ...textModal('T', text) },
    { name: 'grant', ...grantModal(message, { ...options, now: NOW }) },
    ...[approveModal, refuseModal, returnModal, extendModal, alikeModal].map((make) => ({
      name: make.name,
      ...make(message, options),
    })),
  ];
}

describe('text from outside', () => {
  test.each(OUTSIDE)('%j is read as %j, and never stands where Slack reads markup', (given, shown) => {
    for (const { name, blocks } of rendered(given)) {
      const surface = ['open', 'lift', 'nobody', 'home', 'text'].includes(name) || name.endsWith('Modal');
      if (!surface) expect([name, checkBlocks(blocks, 'message')]).toEqual([name, []]);
      expect([name, textsIn(blocks, 'mrkdwn').filter((text) => !OURS.test(text))]).toEqual([name, []]);
      const texts = [...textsIn(blocks, 'text'), ...textsIn(blocks, 'plain_text')];
      expect([name, texts.some((text) => text.toLowerCase().includes(shown.toLowerCase()))]).toEqual([name, true]);
      expect([
        name,
        texts.filter((text) => /[\p{Cf}\p{Default_Ignorable_Code_Point}]/u.test(text.replaceAll('\ufe0f', ''))),
      ]).toEqual([name, []]);
    }
  });

  test('is no markup either in what only notifications have', () => {
    const forged = '*the board* _said_ ~no~ `yes` :white_check_mark: <!channel> <@U0CFO> <https://evil.test|here>';
    const message = everywhere(forged);
    for (const { text } of [
      renderApprovalMessage(message),
      renderApprovalMessage({ ...message, ask: null }),
      words(forged),
      refusalAnswer({ code: 'not-open', message: forged }, message),
      showAnswer(message, ''),
      alikeShown(message),
    ]) {
      expect(text).toContain('the board');
      expect(text).not.toMatch(
        /\*the board\*|_said_|~no~|`yes`|:white_check_mark:|<!channel>|<@U0CFO>|<https:\/\/evil/,
      );
    }
  });

  test('a long value is cut, with a link to all of it', () => {
    const { blocks } = renderApprovalMessage({
      ...WAITING,
      facts: [{ label: 'Note', value: 'x'.repeat(MESSAGE_HOLDS.value + 1) }],
    });
    expect(everything(blocks)).toContain(
      `${'x'.repeat(MESSAGE_HOLDS.value - 1)}… "},{"type":"link","url":"${WAITING.consoleUrl}","text":"more"}`,
    );
  });

  test.each(['javascript:alert(1)', 'https://a.test/>|x', 'https://a.test/ b', 'file:///etc/passwd'])(
    'a console link of %j is no link',
    (consoleUrl) => {
      const text = everything(renderApprovalMessage({ ...WAITING, consoleUrl }).blocks);
      expect(text).not.toContain(consoleUrl);
    },
  );
});

describe('button values', () => {
  test('come back as they went', () => {
    const value = { action: ACTION, revision: 7, stage: 1 };
    expect(readButtonValue(buttonValue(value))).toEqual(value);
  });

  test.each([
    undefined,
    7,
    '',
    'null',
    '{}',
    '[]',
    '["act_1",1]',
    '["act 1",1,0]',
    '["act_1",-1,0]',
    '["act_1",1.5,0]',
    '["act_1",1,0,0]',
    `["${'a'.repeat(97)}",1,0]`,
  ])('%j is none of ours', (value) => {
    expect(readButtonValue(value)).toBeNull();
  });

  test('a late click reads who decided', () => {
    const refused = { ...WAITING, ask: null, decisions: [decision({ decision: 'refuse', reason: 'Duplicate' })] };
    const { text } = refusalAnswer({ code: 'not-open', message: 'this action is already refused' }, refused);
    expect(text).toContain('Fatima Lindqvist refused');
    expect(text).toContain('Duplicate');
  });
});

test('a line of a thread mentions those it asks for something, and names the others', () => {
  const event = { id: 'e', kind: 'reminder' as const, by: null, detail: 'Fatima, Chidi', until: null };
  const line = (people: string[], mentions: string[]): string => renderThreadEvent({ ...event, people }, mentions).text;
  expect(line(['a', 'b'], ['U0FINANCE', 'U0CFO'])).toMatch(/decision\n<@U0FINANCE> <@U0CFO>$/);
  expect(line(['a', 'b'], ['U0FINANCE'])).toMatch(/“Fatima, Chidi”\n<@U0FINANCE>$/);
  expect(line(['a', 'b'], ['!channel', 'U1|x'])).toMatch(/“Fatima, Chidi”$/);
  const many = Array.from({ length: 50 }, (_, index) => `W${index}`);
  expect(line(many, many).match(/<@/g)).toHaveLength(20);
});
