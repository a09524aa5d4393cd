/** What waits to be told of with others: which requests do, and what lint says of digests that come too late. */
import { describe, expect, it } from 'vitest';
import { evaluate, lintFiles } from '../../src/policy/index.ts';
import { compiled, facts, policy, request } from './helpers.ts';

const asks = (approval = 'expires: 4h', more = ''): string =>
  `- { id: asks, when: 'true', then: supervise, approval: { stages: [{ name: one, approvers: ['user:a'] ${more} }], ${approval} } }`;
const DIGEST = "notify: { to: ['#one'], digest: 15m }";
const FACTS = facts({ people: { 'user:a': ['user:a'] } });
const gathered = (texts: string[], urgency?: 'normal' | 'emergency'): number | undefined =>
  evaluate(compiled(...texts), request(urgency === undefined ? {} : { context: { urgency } }), FACTS).digestMs;
const MINUTE = 60_000;

describe('a digest', () => {
  it.each<[string, number | undefined, string[], ('normal' | 'emergency')?]>([
    ['of what is not urgent', 15 * MINUTE, [policy(asks(), DIGEST)]],
    ['of what is said not to be urgent', 15 * MINUTE, [policy(asks(), DIGEST)], 'normal'],
    ['not of an emergency', undefined, [policy(asks(), DIGEST)], 'emergency'],
    ['not where policy lists who is told', undefined, [policy(asks(), "notify: ['#one']")]],
    ['not where nobody is told', undefined, [policy(asks())]],
    [
      'where a rule says so',
      5 * MINUTE,
      [policy(`${asks().slice(0, -1)}, notify: { to: ['#one'], digest: 5m } }`, "notify: ['#one']")],
    ],
    [
      'not where a rule wants it told at once',
      undefined,
      [policy(`${asks().slice(0, -1)}, notify: ['#one'] }`, DIGEST)],
    ],
    ['not of what nobody is asked', undefined, [policy("- { id: lets, when: 'true', then: approve }", DIGEST)]],
    [
      'as soon as the quickest of several policies wants',
      5 * MINUTE,
      [policy(asks(), DIGEST), policy(asks(), DIGEST.replace('15m', '5m')).replace('policy: test', 'policy: other')],
    ],
    [
      'not where one of several policies that ask wants it told at once',
      undefined,
      [policy(asks(), DIGEST), policy(asks(), "notify: ['#two']").replace('policy: test', 'policy: other')],
    ],
  ])('%s', (_what, want, texts, urgency) => expect(gathered(texts, urgency)).toBe(want));

  it.each([
    ['after the expiry', asks('expires: 10m'), /has expired/],
    ['at the expiry', asks('expires: 15m'), /has expired/],
    ['after the first reminder', asks('expires: 4h', ', remind: 10m'), /first reminder/],
    ['in time', asks('expires: 4h', ', remind: 30m'), null],
  ])('that comes %s', (_what, rule, want) => {
    const found = lintFiles([{ path: 'p.yaml', text: policy(rule, DIGEST) }]).filter(({ message }) =>
      message.includes('digest'),
    );
    expect(found.map(({ severity }) => severity)).toEqual(want === null ? [] : ['warning']);
    if (want !== null) expect(found[0]?.message).toMatch(want);
  });

  it.each(['{ to: [], digest: 0 }', '{ digest: 15m }', "{ to: ['#one'], digest: often }", "{ to: ['#one'] }"])(
    'is not %s',
    (notify) => {
      expect(() => compiled(policy(asks(), `notify: ${notify}`))).toThrow(/notify|digest/);
    },
  );
});
