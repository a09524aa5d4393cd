/** A call becomes a request with all that it would do, and a released request the very arguments that run. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Tool } from '@modelcontextprotocol/client';
import { argumentsOf, requestOfCall, surfaceOfTool } from '../../src/mcp/request-of.ts';

const actor = { id: 'agent:bot', type: 'agent' } as const;
const tool: Tool = { name: 'pay', inputSchema: { type: 'object' } };
const given = { amount: 5, to: { iban: 'DE1' }, memo: 'private' };
const call = { tool, pin: 'sha256:1', arguments: given };
const bank = { server: 'bank', actor };

it('by default a tool is a surface of its own, and its arguments are the params', () => {
  expect(requestOfCall(call, bank)).toEqual({
    surface: 'mcp.bank.pay',
    action: 'pay',
    actor,
    resource: { type: 'mcp-tool', id: 'bank/pay', tool: 'bank/pay', version: 'sha256:1' },
    params: given,
  });
});

it('a mapping names surface, verb, resource and params, and keeps some arguments back', () => {
  const setting = {
    surface: 'payments.transfer',
    action: 'transfer',
    resource: { type: 'account', id: 'to.iban' },
    params: { sum: 'amount' },
    content: ['memo'],
    open: false,
  };
  const request = requestOfCall(call, { ...bank, setting });
  expect(request).toEqual({
    surface: 'payments.transfer',
    action: 'transfer',
    actor,
    resource: { type: 'account', id: 'DE1', tool: 'bank/pay', version: 'sha256:1' },
    params: { sum: 5, to: { iban: 'DE1' } },
    content: { memo: 'private' },
  });
  expect(argumentsOf({ ...request, params: { ...request.params, sum: 4 } }, setting)).toEqual({ ...given, amount: 4 });
});

it('an argument that would be judged as another one is refused, and a name of the language is a name like any other', () => {
  const setting = { params: { amount: 'amount_usd' }, content: [], open: false };
  const asked = (given_: string) =>
    requestOfCall({ ...call, arguments: JSON.parse(given_) as typeof given }, { ...bank, setting });
  expect(() => asked('{"amount_usd":5000,"amount":1}')).toThrow(expect.objectContaining({ code: 'invalid-request' }));
  expect(JSON.stringify(asked('{"amount_usd":1,"__proto__":{"x":1}}').params)).toBe('{"amount":1,"__proto__":{"x":1}}');
});

describe('`x-authzen-mapping`', () => {
  const declared = (evaluation: object): Tool => ({
    ...tool,
    inputSchema: { type: 'object', 'x-authzen-mapping': { evaluation } },
  });
  it.each([
    [
      'names action and resource',
      { action: { name: 'wire' }, resource: { type: 'account', id: '$params.arguments.to.iban' } },
      { action: 'wire', resource: { type: 'account', id: 'DE1' } },
    ],
    [
      'is left out where it is more than plain',
      { action: { name: '$params.arguments.amount > 3 ? "a" : "b"' }, resource: { type: 'x', id: '$token.sub' } },
      { action: 'pay', resource: { type: 'mcp-tool', id: 'bank/pay' } },
    ],
    ['is left out where it is none', { resource: 7 }, { action: 'pay', resource: { type: 'mcp-tool' } }],
  ])('%s, and never the surface', (_name, evaluation, expected) => {
    const request = requestOfCall({ ...call, tool: declared(evaluation) }, bank);
    expect(request).toMatchObject({ ...expected, surface: 'mcp.bank.pay' });
  });
});

it.each([
  ['createRefund', 'mcp.s.createrefund'],
  ['a.b/c', 'mcp.s.a-b-c'],
  ['--x', 'mcp.s.x'],
  ['…', 'mcp.s.tool'],
])('%s is the surface %s', (name, surface) => {
  expect(surfaceOfTool('s', name)).toBe(surface);
});

it('what is asked is what runs, whatever the arguments are called', () => {
  const name = fc.string({ minLength: 1, maxLength: 6 }).filter((text) => text !== '__proto__');
  const args = fc.dictionary(name, fc.oneof(fc.integer(), fc.string(), fc.boolean()), { noNullPrototype: true });
  fc.assert(
    fc.property(args, fc.subarray(['note', 'x']), (some, content) => {
      const setting = { params: {}, content, open: false };
      const request = requestOfCall({ ...call, arguments: some }, { ...bank, setting });
      expect(argumentsOf(request, setting)).toEqual(some);
    }),
  );
});
