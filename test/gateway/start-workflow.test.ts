/** Starts where the namespace has our search attributes, and where it has not. */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { expect, it } from 'vitest';
import { startAction } from '../../src/gateway/start-workflow.ts';
import { refund } from '../support/stack.ts';
import { untyped } from '../support/untyped.ts';

interface Started {
  typedSearchAttributes?: { key: { name: string; type: string }; value: string }[];
}

const input = { request: refund(1), tenant: 'acme', idempotencyKey: 'k', token: 't' } as Parameters<
  typeof startAction
>[2];

/** @param answer what Temporal says to a start, or undefined */
async function starts(searchAttributes: boolean, answer: (options: Started) => unknown = () => undefined) {
  const asked: Started[] = [];
  const warned: string[] = [];
  const start = (_type: string, options: Started): Promise<void> => {
    asked.push(options);
    const error = answer(options);
    return error === undefined ? Promise.resolve() : Promise.reject(error as Error);
  };
  const deps = {
    ...{ client: { workflow: { start } }, taskQueue: 'q', startDelayMs: 1, searchAttributes },
    log: { warn: (_what: object, text: string) => void warned.push(text) },
  };
  const started = await startAction(untyped<Parameters<typeof startAction>[0]>(deps), 'action/acme/x', input).then(
    (first) => String(first),
    (error: { code: string }) => error.code,
  );
  const names = asked.map(({ typedSearchAttributes = [] }) =>
    typedSearchAttributes.map(({ key, value }) => [key.name, value]),
  );
  return { started, names, warned: warned.length };
}

const ALL = [
  ['CountersignTenant', 'acme'],
  ['CountersignSurface', 'payments.refund'],
  ['CountersignStatus', 'evaluating'],
];
const invalid = Object.assign(new Error('no such search attribute'), { code: 3 });
const refusing = ({ typedSearchAttributes }: Started): unknown =>
  typedSearchAttributes === undefined ? undefined : invalid;

it.each<[string, ...Parameters<typeof starts>, Awaited<ReturnType<typeof starts>>]>([
  ['none where they are off', false, undefined, { started: 'true', names: [[]], warned: 0 }],
  ['tenant, surface and status', true, undefined, { started: 'true', names: [ALL], warned: 0 }],
  ['none after all where the namespace lacks them', true, refusing, { started: 'true', names: [ALL, []], warned: 1 }],
  [
    'nothing twice that runs',
    true,
    () => new WorkflowExecutionAlreadyStartedError('runs', 'action/acme/x', 'governedAction'),
    { started: 'false', names: [ALL], warned: 0 },
  ],
  [
    'nothing where Temporal is away',
    true,
    () => new Error('away'),
    { started: 'unavailable', names: [ALL], warned: 0 },
  ],
])('%s', async (_, on, answer, wanted) => {
  expect(await starts(on, answer)).toEqual(wanted);
});
