/** A form's error is one sentence with one full stop. */
import { expect, it } from 'vitest';
import { formError } from '../../src/slack/blocks/index.ts';

it.each([
  ['say why: this decision needs a reason', 'Say why: this decision needs a reason: nothing was decided.'],
  ['you are not an approver.', 'You are not an approver: nothing was decided.'],
  ['it is over. ask again', 'It is over; ask again: nothing was decided.'],
  ['One. Two. Three.', 'One; Two; Three: nothing was decided.'],
  [
    'give a number of at most 15 digits, such as 300.50',
    'Give a number of at most 15 digits, such as 300.50: nothing was decided.',
  ],
  ['really?! yes!', 'Really; yes: nothing was decided.'],
  ['wait…', 'Wait: nothing was decided.'],
  ['`params.amount` may not be raised', '`params.amount` may not be raised: nothing was decided.'],
  ['  spaces around it.  ', 'Spaces around it: nothing was decided.'],
  ['policy 1.2 says no', 'Policy 1.2 says no: nothing was decided.'],
])('%j', (message, shown) => {
  expect(formError(message, 'nothing was decided')).toBe(shown);
});

it('is never longer than a form shows', () => {
  const shown = formError('x'.repeat(2000), 'nothing was decided');
  expect(shown.length).toBeLessThanOrEqual(500);
  expect(shown.endsWith('nothing was decided.')).toBe(true);
});
