import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import proto from '@temporalio/proto';
import { DeterminismViolationError } from '@temporalio/workflow';
import Long from 'long';
import { bundleWorkflowCode, Worker, type ReplayWorkerOptions } from '@temporalio/worker';
import { defaultPayloadConverter } from '@temporalio/common';
import { failureConverterPath } from '../../src/main/workflow-bundle.ts';
import { TRACE_HEADER } from '../../src/workflows/trace-context.ts';
import { beforeAll, describe, expect, it } from 'vitest';

const FOLDER = new URL('../histories/', import.meta.url);
const names = readdirSync(FOLDER).filter((name) => name.endsWith('.history'));

/** Today's workflow code, bundled once. */
let options: ReplayWorkerOptions;
beforeAll(async () => {
  const pathOf = (name: string): string => fileURLToPath(new URL(`../../src/workflows/${name}.ts`, import.meta.url));
  options = {
    workflowBundle: await bundleWorkflowCode({
      workflowsPath: pathOf('index'),
      workflowInterceptorModules: [pathOf('trace-context')],
      failureConverterPath,
    }),
    // Those of before hold their failures in clear.
    dataConverter: { failureConverterPath },
  };
});

const { History } = proto.temporal.api.history.v1;
const read = (name: string) => History.decode(readFileSync(new URL(name, FOLDER)));
const idOf = (history: ReturnType<typeof read>): string =>
  history.events[0]?.workflowExecutionStartedEventAttributes?.workflowId ?? 'action/default/unknown';

describe('a recorded action', () => {
  it('there is one of each course', () => {
    expect(names.length).toBeGreaterThanOrEqual(8);
  });

  it.each(names)('wakes under today’s code: %s', async (name) => {
    const history = read(name);
    await Worker.runReplayHistory(options, history, idOf(history));
  });

  it.each(names)('does the same with a trace: %s', async (name) => {
    const history = read(name);
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const header = { fields: { [TRACE_HEADER]: defaultPayloadConverter.toPayload({ traceparent }) } };
    for (const event of history.events) {
      const input = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input;
      for (const traced of [
        event.workflowExecutionStartedEventAttributes,
        event.workflowExecutionSignaledEventAttributes,
        input,
      ])
        if (traced != null) traced.header = header;
    }
    await Worker.runReplayHistory(options, history, idOf(history));
  });

  it('that was not made by this code is found', async () => {
    const history = read('approved-by-a-human.history');
    // Without the verdict's marker: what a careless change of the workflow looks like to a parked action.
    const marker = history.events.findIndex((event) => event.markerRecordedEventAttributes != null);
    expect(marker).toBeGreaterThan(0);
    history.events.splice(marker, 1);
    history.events.forEach((event, index) => (event.eventId = Long.fromNumber(index + 1)));
    await expect(Worker.runReplayHistory(options, history, idOf(history))).rejects.toBeInstanceOf(
      DeterminismViolationError,
    );
  });
});
