/** The meters of one process. None of them names a person, an action or a tenant. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { isClosed } from '../../contract/index.ts';
import type { AppendPath, SealedRecord, StagedRecord } from '../../sequencer/index.ts';

export interface Meters {
  registry: Registry;
  /** Records are about to be sealed. @returns a function to call when they are sealed, or could not be. */
  sealing(records: readonly StagedRecord[]): (sealed: readonly SealedRecord[] | null) => void;
  /** Records that are sealed. @param since when they could be, in milliseconds of `performance.now()` */
  sealed(records: readonly StagedRecord[], since: number): void;
  appended(path: AppendPath): void;
  slackFailed(
    call: 'publish' | 'thread' | 'tell',
    why: 'unavailable' | 'configuration' | 'unreachable' | 'fault',
  ): void;
  webhookSent(result: 'taken' | 'failed'): void;
  answered(method: string, status: number, seconds: number): void;
  /** Requests that were turned away because too many are at work. */
  shed(): void;
  /** Log lines that were dropped. */
  linesDropped(): void;
}

/** From a policy's verdict, which is milliseconds, to a machine that is far behind. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** People take from a moment to a week. */
const PEOPLE_SECONDS = [10, 30, 60, 300, 900, 1800, 3600, 4 * 3600, 8 * 3600, 24 * 3600, 3 * 24 * 3600, 7 * 24 * 3600];
/** A limit with less than this share left is near its maximum. */
const NEAR = 0.1;

/** @param node Adds Node.js's metrics: memory, event loop, garbage collection. */
export function createMeters({ node = false }: { node?: boolean } = {}): Meters {
  const registry = new Registry();
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> =>
    new Counter({ name: `countersign_${name}`, help, labelNames: [...labelNames], registers });
  const histogram = <L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    buckets: number[],
  ): Histogram<L> =>
    new Histogram({ name: `countersign_${name}`, help, labelNames: [...labelNames], buckets, registers });

  const verdicts = counter('verdicts_total', 'Verdicts sealed by this process.', ['decision', 'basis']);
  const decisions = counter('decisions_total', 'Decisions of people and of the clock sealed by this process.', [
    'decision',
  ]);
  const decided = histogram(
    'time_to_decide_seconds',
    'From the request to the decision that was sealed.',
    ['decision'],
    PEOPLE_SECONDS,
  );
  const ended = counter('actions_ended_total', 'Actions by the status that they ended with.', ['status']);
  const seal = histogram(
    'seal_seconds',
    'From a record that is ready to one that is on disk: the sealing lag.',
    [],
    SECONDS,
  );
  const records = counter('records_sealed_total', 'Records sealed by this process.', ['type']);
  const sealFailures = counter(
    'seal_failures_total',
    'Records that could not be sealed; nothing was released for them.',
  );
  const appends = counter('log_appends_total', 'Batches by how they came into the log.', ['path']);
  const near = counter('limit_near_total', 'Verdicts that left less than a tenth of a limit.', ['limit']);
  const slack = counter('slack_failures_total', 'Messages that Slack did not take.', ['call', 'why']);
  const webhooks = counter('webhooks_total', 'Webhooks and callbacks by whether the receiver took them.', ['result']);
  const http = histogram('http_request_seconds', 'Requests answered.', ['method', 'status'], SECONDS);
  const shed = counter('http_shed_total', 'Requests turned away because too many were at work.');
  const dropped = counter('log_lines_dropped_total', 'Lines of the log that nobody took in time.');
  const waiting = new Map<object, number>();
  new Gauge({
    name: 'countersign_seal_waiting',
    help: 'Calls that wait for their records to be sealed, in this process.',
    registers,
    collect() {
      this.set(waiting.size);
    },
  });
  new Gauge({
    name: 'countersign_seal_oldest_seconds',
    help: 'How long the oldest of them waits.',
    registers,
    collect() {
      const [oldest = performance.now()] = waiting.values();
      this.set((performance.now() - oldest) / 1000);
    },
  });
  if (node) collectDefaultMetrics({ register: registry });

  return {
    registry,
    sealing(staged) {
      const call = {};
      const began = performance.now();
      waiting.set(call, began);
      return (sealed) => {
        waiting.delete(call);
        if (sealed === null) {
          sealFailures.inc(staged.length);
          return;
        }
        // The process that sealed an existing record has counted it.
        sealedSince(sealed.some(({ existing }) => existing) ? [] : staged, began);
      };
    },
    sealed: sealedSince,
    appended: (path) => appends.inc({ path }),
    slackFailed: (call, why) => slack.inc({ call, why }),
    webhookSent: (result) => webhooks.inc({ result }),
    answered: (method, status, seconds) => http.observe({ method, status: String(status) }, seconds),
    shed: () => shed.inc(),
    linesDropped: () => dropped.inc(),
  };

  function sealedSince(staged: readonly StagedRecord[], since: number): void {
    seal.observe((performance.now() - since) / 1000);
    count(staged);
  }

  function count(staged: readonly StagedRecord[]): void {
    const projection = staged.at(-1)?.projection;
    const action = projection?.view.action;
    for (const { type, facets, at } of staged) {
      records.inc({ type });
      const decision = facets.decision ?? 'none';
      if (type === 'verdict' && action?.verdict != null) {
        verdicts.inc({ decision: action.verdict.decision, basis: action.verdict.basis });
        for (const { label, left, max } of projection?.view.limits ?? []) {
          if (Number(left) <= Number(max) * NEAR) near.inc({ limit: label });
        }
      }
      if (type === 'decision') {
        decisions.inc({ decision });
        if (action !== undefined) {
          decided.observe({ decision }, Math.max(0, Date.parse(at) - Date.parse(action.createdAt)) / 1000);
        }
      }
    }
    if (action !== undefined && isClosed(action.status)) ended.inc({ status: action.status });
  }
}
