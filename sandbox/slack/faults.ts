import type { DeliveryKind } from './types.ts';

/** Something that goes wrong with the next `times` (default 1) calls of a Web API method (`*`: of any). */
export interface ApiFault {
  api: string;
  times?: number;
  /** 429 with `Retry-After`, or a 5xx. */
  answer?: number;
  /** Seconds, with 429. Default 1. */
  retryAfter?: number;
  /** Slack's `error`, with HTTP 200. */
  error?: string;
  /** `hang`: no answer ever. `drop`: the connection is reset before the call is done. `lost`: reset after it was done. */
  connection?: 'hang' | 'drop' | 'lost';
}

/** Something that goes wrong with the next `times` (default 1) payloads sent to the app. */
export interface DeliveryFault {
  deliver:
    | 'duplicate' // sent twice, signed anew; events with x-slack-retry-num
    | 'duplicate-concurrently' // both at the same moment
    | 'replay' // the very same request again: same body, timestamp and signature
    | 'delay' // sent after `delayMs`
    | 'bad-signature'
    | 'old-timestamp' // signed rightly, ten minutes ago
    | 'future-timestamp'; // signed rightly, ten minutes ahead
  times?: number;
  /** Only payloads of this kind. Default any. */
  of?: DeliveryKind;
  delayMs?: number;
}

/** The whole Web API, `response_url`s included, answers 503 until `outage: false`. */
export interface OutageFault {
  outage: boolean;
}

export type Fault = ApiFault | DeliveryFault | OutageFault;

/** The faults that are waiting to happen, in the order they were injected. */
export class Faults {
  outage = false;
  private api: ApiFault[] = [];
  private delivery: DeliveryFault[] = [];

  inject(fault: Fault): void {
    if ('outage' in fault) this.outage = fault.outage;
    else if ('api' in fault) this.api.push({ times: 1, ...fault });
    else this.delivery.push({ times: 1, ...fault });
  }

  clear(): void {
    this.outage = false;
    this.api = [];
    this.delivery = [];
  }

  /** The fault of this call, used up by asking. */
  takeApi(method: string): ApiFault | undefined {
    return take(this.api, (fault) => fault.api === '*' || fault.api === method);
  }

  /** The fault of this delivery, used up by asking. */
  takeDelivery(kind: DeliveryKind): DeliveryFault | undefined {
    return take(this.delivery, (fault) => fault.of === undefined || fault.of === kind);
  }
}

function take<T extends { times?: number }>(faults: T[], matches: (fault: T) => boolean): T | undefined {
  const index = faults.findIndex(matches);
  const fault = faults[index];
  if (!fault) return undefined;
  fault.times = (fault.times ?? 1) - 1;
  if (fault.times <= 0) faults.splice(index, 1);
  return fault;
}
