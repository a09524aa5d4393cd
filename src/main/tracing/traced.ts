/** Wraps parts so that each call is a span. Their results and errors do not change. */
import { context, propagation, SpanKind } from '@opentelemetry/api';
import type { Logger } from 'pino';
import type { Notifier } from '../../notify/notifier.ts';
import type { WebhookSender } from '../../notify/webhook-sender.ts';
import type { Sequencer, StagedRecord } from '../../sequencer/index.ts';
import { inSpan } from './span.ts';

/** The end of the most important traces: the span and the log line name the sealed records. The records do not name the trace. */
export function tracedSequencer(sequencer: Sequencer, log: Logger): Sequencer {
  const traced = <T>(name: string, records: readonly StagedRecord[], sealing: () => Promise<T>): Promise<T> => {
    const what = {
      'countersign.actions': [...new Set(records.map(({ action }) => action))],
      'countersign.records': records.map(({ type }) => type),
    };
    return inSpan(name, { attributes: what }, async () => {
      const sealed = await sealing();
      if (sealed !== null)
        log.debug({ actions: what['countersign.actions'], records: what['countersign.records'] }, 'sealed');
      return sealed;
    });
  };
  return {
    append: (tenant, records) => traced('seal', records, () => sequencer.append(tenant, records)),
    hold: (tenant, records, holding) => traced('seal', records, () => sequencer.hold(tenant, records, holding)),
  };
}

const CALLS = { kind: SpanKind.CLIENT } as const;

/** The receiver may go on with the trace. */
export function tracedWebhooks(sender: WebhookSender): WebhookSender {
  return {
    send: (input) =>
      inSpan('webhook', CALLS, () => {
        const headers: Record<string, string> = {};
        propagation.inject(context.active(), headers);
        return sender.send({ ...input, headers });
      }),
  };
}

export function tracedNotifier(notifier: Notifier): Notifier {
  const { digests, find } = notifier;
  return {
    ...(digests === undefined
      ? {}
      : {
          digests: {
            ...digests,
            show: (...input) => inSpan('slack publish', CALLS, () => digests.show(...input)),
          },
        }),
    ...(find === undefined ? {} : { find: (lost) => inSpan('slack find', CALLS, () => find(lost)) }),
    post: (...input) => inSpan('slack publish', CALLS, () => notifier.post(...input)),
    postPlan: (...input) => inSpan('slack publish', CALLS, () => notifier.postPlan(...input)),
    thread: (...input) => inSpan('slack thread', CALLS, () => notifier.thread(...input)),
    tell: (...input) => inSpan('slack tell', CALLS, () => notifier.tell(...input)),
  };
}
