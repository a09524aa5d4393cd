/** The circuit breaker in front of Temporal. Callers learn within seconds that it does not answer. */
import type { ConnectionLike, WorkflowClientInterceptor } from '@temporalio/client';
import { createCircuit, type Circuit } from '../../availability/index.ts';

/** gRPC status codes of a server that cannot answer now, https://grpc.io/docs/guides/status-codes/. */
const OUTAGES = [4, 14];

/** How long a start may take, in milliseconds; a caller waits for its verdict meanwhile. */
const START_MS = 4000;

/** How long the SDK itself retries a probe, in milliseconds. */
const PROBE_MS = 1500;

function isOutage(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && OUTAGES.includes(Number(at.code))) return true;
  }
  return false;
}

export function createTemporalCircuit(connection: ConnectionLike): Circuit {
  return createCircuit({
    name: 'temporal',
    what: 'the workflow engine',
    probe: () => connection.withDeadline(Date.now() + PROBE_MS, () => connection.workflowService.getSystemInfo({})),
    isOutage,
  });
}

/** Puts every call of a client that is about one workflow behind the circuit. */
export function guarding(connection: ConnectionLike, circuit: Circuit): WorkflowClientInterceptor {
  return {
    startWithDetails: (input, next) =>
      circuit.run(() => connection.withDeadline(Date.now() + START_MS, () => next(input))),
    startUpdate: (input, next) => circuit.run(() => next(input)),
    startUpdateWithStart: (input, next) =>
      circuit.run(() => connection.withDeadline(Date.now() + START_MS, () => next(input))),
    signal: (input, next) => circuit.run(() => next(input)),
    signalWithStart: (input, next) => circuit.run(() => next(input)),
    query: (input, next) => circuit.run(() => next(input)),
    terminate: (input, next) => circuit.run(() => next(input)),
    cancel: (input, next) => circuit.run(() => next(input)),
    describe: (input, next) => circuit.run(() => next(input)),
  };
}
