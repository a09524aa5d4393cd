/** Looks up who is on call, in PagerDuty, Opsgenie or a calendar, when a policy names `oncall:NAME`. A source that does not answer quickly is skipped. */
import { iCalendar } from './icalendar.ts';
import { opsgenie, type OpsgenieSettings } from './opsgenie.ts';
import { pagerDuty, type PagerDutySettings } from './pagerduty.ts';
import { Unreadable, type OnCallSource } from './types.ts';
import type { OnCallSourceName } from '../../contract/index.ts';

export { attending } from './icalendar.ts';
export type { OnCallSource } from './types.ts';

export interface Rota {
  /** As policies name it: `oncall:NAME`. */
  name: string;
  tenant: string;
  source: OnCallSource;
  /** References that are asked where the source does not say: `group:…`, `role:…`, `user:…`. */
  fallback: readonly string[];
}

export type OnCallAnswer = { source: OnCallSourceName; fallback: readonly string[] } & (
  { addresses: string[] } | { why: string }
);

export interface OnCall {
  /** Null where there is no rota of this name. Never throws. */
  ask(tenant: string, name: string): Promise<OnCallAnswer | null>;
}

/** The rotas of a stack without any. */
export const NOBODY_ON_CALL: OnCall = { ask: () => Promise.resolve(null) };

/** How long a source may take, in milliseconds: a verdict waits for it. */
const ASK_MS = 1000;
/** How long an answer is cached, or a missing answer. */
const KEPT_MS = 15_000;

/** @param now milliseconds since the epoch */
export function createOnCall(rotas: readonly Rota[], now: () => number): OnCall {
  const answers = new Map<Rota, { until: number; answer: Promise<OnCallAnswer> }>();
  const ask = async ({ source, fallback }: Rota): Promise<OnCallAnswer> => {
    const said = { source: source.source, fallback };
    try {
      return { ...said, addresses: await source.firstTier(now(), AbortSignal.timeout(ASK_MS)) };
    } catch (error) {
      return { ...said, why: whyOf(error) };
    }
  };
  return {
    ask(tenant, name) {
      const rota = rotas.find((one) => one.tenant === tenant && one.name === name);
      if (rota === undefined) return Promise.resolve(null);
      const before = answers.get(rota);
      if (before !== undefined && now() < before.until) return before.answer;
      const answer = ask(rota);
      answers.set(rota, { until: now() + KEPT_MS, answer });
      return answer;
    },
  };
}

/** In words that quote nothing from the answer. */
function whyOf(error: unknown): string {
  if (error instanceof Unreadable) return error.message;
  const timedOut = error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError');
  return timedOut ? 'it did not answer in time' : 'it cannot be reached';
}

export type RotaSettings =
  | ({ source: 'pagerduty' } & PagerDutySettings)
  | ({ source: 'opsgenie' } & OpsgenieSettings)
  | { source: 'icalendar'; file: string };

/** @param token for PagerDuty and Opsgenie; read at each use */
export function sourceOf(settings: RotaSettings, token: () => string, fetch: typeof globalThis.fetch): OnCallSource {
  switch (settings.source) {
    case 'pagerduty':
      return pagerDuty(settings, { fetch, token });
    case 'opsgenie':
      return opsgenie(settings, { fetch, token });
    case 'icalendar':
      return iCalendar(settings);
  }
}
