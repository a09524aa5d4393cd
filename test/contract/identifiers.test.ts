import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ACTOR_TYPES,
  actorIdSchema,
  actorSchema,
  faultOfActorId,
  foldId,
  includesId,
  sameId,
} from '../../src/contract/index.ts';

describe('an id', () => {
  it.each([
    'user:finance-lead@acme.test',
    'agent:support-bot',
    'service:a',
    'user:Łukasz@acme.test',
    'agent:机器人',
    'user:مستخدم',
    'agent:spiffe://acme.test/ns/prod',
    'user:\u{1F916}',
  ])('%s is one', (id) => {
    expect(faultOfActorId(id)).toBeNull();
  });

  it.each<[string, string]>([
    ['nothing', ''],
    ['no kind', 'support-bot'],
    ['a kind of none of ours', 'role:finance'],
    ['a kind in capitals', 'User:lead@acme.test'],
    ['a kind and no name', 'user:'],
    ['a display name', 'user:Board of Directors'],
    ['a space before', ' user:lead@acme.test'],
    ['a space behind', 'user:lead@acme.test '],
    ['a new line', 'user:lead@acme.test\n'],
    ['a tab', 'user:le\tad@acme.test'],
    ['no-break space', 'user:le\u00a0ad'],
    ['ideographic space', 'user:le\u3000ad'],
    ['zero width space', 'user:lead\u200b@acme.test'],
    ['zero width joiner', 'user:le\u200dad'],
    ['byte order mark', 'user:\ufefflead'],
    ['soft hyphen', 'user:le\u00adad'],
    ['right-to-left override', 'user:\u202edael'],
    ['word joiner', 'user:le\u2060ad'],
    ['combining grapheme joiner', 'user:le\u034fad'],
    ['variation selector', 'user:lead\ufe0f'],
    ['tag character', 'user:lead\u{e0061}'],
    ['Hangul filler', 'user:\u3164'],
    ['blank braille', 'user:\u2800'],
    ['U+0000', 'user:le\u0000ad'],
    ['a lone surrogate', 'user:le\ud800ad'],
    ['a private use character', 'user:le\ue000ad'],
    ['an unassigned character', 'user:le\u0378ad'],
    ['a decomposed letter', 'user:jose\u0301@acme.test'],
    ['a mark on nothing', 'user:\u0301jose'],
    ['257 characters', `user:${'x'.repeat(252)}`],
  ])('%s is none', (_, id) => {
    expect(faultOfActorId(id)).not.toBeNull();
    expect(actorIdSchema.safeParse(id).success).toBe(false);
  });

  it('that is none is pointed at, however deep it stands', () => {
    const behind = { id: 'user:Board of Directors', type: 'user' };
    const actor = { id: 'agent:a', type: 'agent', onBehalfOf: { id: 'agent:b', type: 'agent', onBehalfOf: behind } };
    const parsed = actorSchema.safeParse(actor);
    expect(parsed.error?.issues.map(({ path }) => path.join('.'))).toEqual(['onBehalfOf.onBehalfOf.id']);
  });
});

describe('two spellings', () => {
  const LEAD = 'user:finance-lead@acme.test';
  it.each([
    'user:Finance-Lead@acme.test',
    'user:finance-lead@ACME.TEST',
    'user:finance-lead@acme.test ',
    'user:finance-lead\u200b@acme.test',
    'user:\uff46inance-lead@acme.test',
    'user:\u{1d41f}inance-lead@acme.test',
    'user:finance\u00ad-lead@acme.test',
    'user:finance-lead@acme\u3002test'.replace('\u3002', '\uff0e'),
    'user:\ufb01nance-lead@acme.test',
  ])('%j is the finance lead', (id) => {
    expect(sameId(id, LEAD)).toBe(true);
    expect(includesId(['agent:bot', LEAD], id)).toBe(true);
  });

  it.each([
    ['user:strasse@acme.test', 'user:straße@acme.test'],
    ['user:σίσυφος', 'user:ΣΊΣΥΦΟΣ'],
    ['user:kelvin', 'user:\u212aelvin'],
    ['user:Å', 'user:\u212b'],
    ['user:i\u0307stanbul', 'user:\u0130stanbul'],
  ])('%s and %s are one', (a, b) => {
    expect(sameId(a, b)).toBe(true);
  });

  it.each([
    [LEAD, 'user:finance-lead2@acme.test'],
    [LEAD, 'user:finance_lead@acme.test'],
    ['user:a', 'agent:a'],
  ])('%s and %s are two', (a, b) => {
    expect(sameId(a, b)).toBe(false);
  });

  const anyId = fc
    .tuple(fc.constantFrom(...ACTOR_TYPES), fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }))
    .map(([type, name]) => `${type}:${name}`);
  it('fold to what folds no further', () => {
    fc.assert(
      fc.property(anyId, (id) => foldId(foldId(id)) === foldId(id)),
      { numRuns: 5000 },
    );
  });
  it('fold alike whatever is normalized, capitalized or put between', () => {
    const invisible = fc.constantFrom('\u200b', '\u00ad', '\ufe0f', '\u2060', ' ', '\u3164');
    fc.assert(
      fc.property(anyId, invisible, fc.nat(), (id, blank, place) => {
        const at = place % (id.length + 1);
        // Between the halves of a surrogate pair there is no place.
        fc.pre(!/[\ud800-\udbff]$/u.test(id.slice(0, at)) && !/[\ud800-\udbff]$/.test(id.slice(0, at)));
        const folded = foldId(id);
        expect(foldId(id.normalize('NFC'))).toBe(folded);
        expect(foldId(id.normalize('NFKD'))).toBe(folded);
        expect(foldId(id.toUpperCase())).toBe(folded);
        expect(foldId(`${id}${blank}`)).toBe(folded);
        expect(foldId(`${blank}${id}`)).toBe(folded);
      }),
      { numRuns: 2000 },
    );
  });
});
