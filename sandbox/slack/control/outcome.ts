import type { Delivery } from '../types.ts';

/** What a person's act led to. */
export interface ActResult {
  /** HTTP status of the app's answer; 200 for a Socket Mode ack; 0 for none. */
  status: number;
  body: string;
  ackMs: number;
  /** Whether the app acknowledged in time, with 2xx. */
  ok: boolean;
  error?: Delivery['error'];
  /** All deliveries of this act, the first one first; more than one only with an injected duplicate. */
  deliveries: [Delivery, ...Delivery[]];
}

/** Sums up the deliveries of one act. */
export function actResult(deliveries: [Delivery, ...Delivery[]]): ActResult {
  const [first] = deliveries;
  return {
    status: first.status,
    body: first.body,
    ackMs: first.ackMs,
    ok: first.status >= 200 && first.status <= 299,
    ...(first.error === undefined ? {} : { error: first.error }),
    deliveries,
  };
}

/** What Slack's client says when the app did not answer well. */
export function trouble(result: ActResult): string {
  if (result.error === 'timeout') return 'operation_timeout';
  if (result.error === 'no_app' || result.error === 'unreachable') return 'dispatch_failed';
  return `dispatch_failed (the app answered ${String(result.status)})`;
}
