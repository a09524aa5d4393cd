import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { amountOf, moneyText, resourceOf } from '../../src/engine/disclosed.ts';

describe('an amount as people read it', () => {
  it.each([
    [420.5, 'USD', '420.50'],
    [5200, 'USD', '5,200.00'],
    [5200, 'JPY', '5,200'],
    [1234567.891, 'EUR', '1,234,567.891'],
    ['0.1', 'USD', '0.10'],
    ['-1200.5', 'USD', '-1,200.50'],
    [1e21, 'USD', '1e+21'],
    [1200, 'points', '1,200'],
    [1200, undefined, '1,200'],
    ['a lot', 'USD', 'a lot'],
  ])('%j %s is %s', (amount, currency, text) => {
    expect(moneyText(amount, currency)).toBe(text);
  });

  it('has the digits it was given, and none of its own but cents', () => {
    const decimal = fc.stringMatching(/^-?\d{1,15}(\.\d{1,6})?$/);
    fc.assert(
      fc.property(decimal, (amount) => {
        const [whole, cents = ''] = (moneyText(amount, 'USD') ?? '').replaceAll(',', '').split('.');
        const [asked, places = ''] = amount.split('.');
        expect([whole, cents]).toEqual([asked, places.padEnd(2, '0')]);
      }),
    );
  });

  it('is told only as far as policy discloses it', () => {
    expect(amountOf({ 'params.amount': 10, 'params.currency': 'USD' })).toBe('10.00 USD');
    expect(amountOf({ 'params.amount': 10 })).toBe('10');
    expect(amountOf({ 'params.currency': 'USD' })).toBeNull();
    expect(resourceOf({ 'resource.id': 'ord_1', 'resource.type': 'order' })).toBe('order ord_1');
    expect(resourceOf({ 'resource.type': 'order' })).toBeNull();
  });
});
