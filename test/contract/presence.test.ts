import { expect, it } from 'vitest';
import { presenceIn, presenceOf, type Door, type Presence } from '../../src/contract/index.ts';

it.each<[Door, boolean, Presence]>([
  ['slack', false, 'click'],
  ['console', false, 'click'],
  ['api', false, 'token'],
  ['cli', false, 'token'],
  ['console', true, 'passkey'],
  ['api', true, 'passkey'],
])('through %s, assured %s: %s', (via, assured, presence) => {
  expect(presenceOf(via, assured)).toBe(presence);
  // Records of before did not say so, and hold what it follows from.
  expect(presenceIn({ decision: 'approve', via, assurance: assured ? {} : null })).toBe(presence);
});

it.each(['expired', 'cancelled', 'escalated', 'answered'])('nobody was there for %s', (decision) => {
  expect(presenceIn({ decision, via: 'engine', assurance: null })).toBeNull();
  expect(presenceIn({ decision, via: 'api', assurance: null })).toBeNull();
});
