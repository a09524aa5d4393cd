/** Wraps parts with counters. Their behaviour does not change. */
import { NotifierUnavailable, type Notifier } from '../../notify/notifier.ts';
import type { WebhookSender } from '../../notify/webhook-sender.ts';
import type { Sequencer } from '../../sequencer/index.ts';
import type { Meters } from './meters.ts';

export function measuredSequencer(sequencer: Sequencer, meters: Meters): Sequencer {
  return {
    async append(tenant, records) {
      const done = meters.sealing(records);
      try {
        const sealed = await sequencer.append(tenant, records);
        done(sealed);
        return sealed;
      } catch (error) {
        done(null);
        throw error;
      }
    },
    async hold(tenant, records, holding) {
      // The lag begins when it may be sealed.
      let since = performance.now();
      const until = holding.until.then(() => void (since = performance.now()));
      until.catch(() => undefined);
      const sealed = await sequencer.hold(tenant, records, { ...holding, until });
      if (sealed !== null) meters.sealed(records, since);
      return sealed;
    },
  };
}

export function measuredWebhooks(sender: WebhookSender, meters: Meters): WebhookSender {
  return {
    async send(input) {
      try {
        await sender.send(input);
        meters.webhookSent('taken');
      } catch (error) {
        meters.webhookSent('failed');
        throw error;
      }
    },
  };
}

function failureOf(error: unknown): 'fault' | 'configuration' | 'unavailable' {
  if (!(error instanceof NotifierUnavailable)) return 'fault';
  return error.configuration ? 'configuration' : 'unavailable';
}

export function measuredNotifier(notifier: Notifier, meters: Meters): Notifier {
  const { digests, find } = notifier;
  const counted = async <T>(call: 'publish' | 'thread' | 'tell', work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      meters.slackFailed(call, failureOf(error));
      throw error;
    }
  };
  return {
    async post(...input) {
      const announced = await counted('publish', notifier.post(...input));
      for (const _ of announced.unreachable) meters.slackFailed('publish', 'unreachable');
      return announced;
    },
    ...(find === undefined ? {} : { find: (lost) => counted('publish', find(lost)) }),
    postPlan: (...input) => counted('publish', notifier.postPlan(...input)),
    ...(digests === undefined
      ? {}
      : {
          digests: {
            show: (...input) => counted('publish', digests.show(...input)),
            absence: (person) => counted('publish', digests.absence(person)),
            owns: digests.owns,
          },
        }),
    thread: (...input) => counted('thread', notifier.thread(...input)),
    async tell(...input) {
      const unreachable = await counted('tell', notifier.tell(...input));
      if (unreachable !== null) meters.slackFailed('tell', 'unreachable');
      return unreachable;
    },
  };
}
