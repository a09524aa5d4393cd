/** Executes by a request to somebody else's HTTP API. */
import { hashOf } from '../../canonical/index.ts';
import type { ActionRequest, ExecutionFact, JsonObject } from '../../contract/index.ts';
import type { Connector, ConnectorAnswer, ConnectorRun } from '../../engine/connectors.ts';
import type { Secrets } from '../secrets.ts';
import type { HttpSettings } from '../settings.ts';
import { faultOfAmount, fillBody, fillText, headerText, segment, Unfillable, type Filling } from '../template.ts';
import { readByRules } from './answer.ts';
import { sendOnce, type Outgoing, type SendOptions, type Exchanged } from './send.ts';

/** Bytes of a body at most. */
const BODY_MAX_BYTES = 128 * 1024;

export function createHttpConnector(settings: HttpSettings, secrets: Secrets, options: SendOptions = {}): Connector {
  const { name: connector, idempotency } = settings;
  const fact: ExecutionFact = { connector, settings: hashOf(settings) };
  const timeoutMs = settings.timeout * 1000;

  /** Why this request can never be sent, or null. */
  const faultOf = (request: ActionRequest): string | null => {
    if (settings.amount !== 'none') {
      const fault = faultOfAmount(request, settings.amount);
      if (fault !== null) return fault;
    }
    try {
      // Filled without secrets: a template that does not fit now does not fit with them either.
      outgoing(settings, { request, key: '', secret: () => '' });
      return null;
    } catch (error) {
      if (error instanceof Unfillable) return error.message;
      throw error;
    }
  };

  const execute = async ({
    request,
    fact: judged,
    key,
    attempt,
    before,
    note,
  }: ConnectorRun): Promise<ConnectorAnswer> => {
    if (judged.settings !== fact.settings) return failed('the connector’s settings changed since it was judged');
    const fault = faultOf(request);
    if (fault !== null) return failed(fault);
    const sentBefore = before?.['sent'] === true;
    // Without a key, a second request could not be recognised as the same as the first.
    if (sentBefore && !idempotency.honoured)
      return { status: 'unknown', why: 'it was sent before, and no answer is known' };
    const filled = outgoing(settings, { request, key, secret: (name) => secrets.read(settings.secrets[name] ?? '') });
    // Before the first byte, so that a crash after it is known.
    await note({ sent: true });
    const sent = await sendOnce(filled, options);
    if (sent.kind === 'unsent' && !sentBefore) await note({ sent: false });
    return judge(settings, secrets, sent, { last: attempt >= settings.attempts, sentBefore });
  };

  return {
    timeoutMs,
    measure: async (request) => {
      const fault = faultOf(request);
      return fault === null ? { fact } : { fault };
    },
    execute,
  };
}

const failed = (detail: string): ConnectorAnswer => ({ status: 'failed', reference: null, detail });

/** @throws Unfillable */
function outgoing(settings: HttpSettings, filling: Filling): Outgoing {
  const { secret: _secret, ...open } = filling;
  const url = new URL(fillText(settings.url, open, segment));
  const headers: Record<string, string> = {
    accept: 'application/json',
    'user-agent': 'countersign-connector/1',
    [settings.idempotency.header.toLowerCase()]: filling.key,
  };
  for (const [name, text] of Object.entries(settings.headers)) {
    headers[name.toLowerCase()] = fillText(text, filling, headerText);
  }
  const body = settings.body === undefined ? '' : bodyOf(settings, fillBody(settings.body, open));
  if (body !== '') {
    headers['content-type'] = settings.encoding === 'json' ? 'application/json' : 'application/x-www-form-urlencoded';
  }
  const bytes = Buffer.byteLength(body);
  if (bytes > BODY_MAX_BYTES) throw new Unfillable(`the body is larger than ${BODY_MAX_BYTES} bytes`);
  if (bytes > 0 || settings.method !== 'GET') headers['content-length'] = String(bytes);
  const { method, network } = settings;
  return { method, url, headers, body, network, timeoutMs: settings.timeout * 1000 };
}

function bodyOf({ encoding }: HttpSettings, body: JsonObject): string {
  if (encoding === 'json') return JSON.stringify(body);
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(body)) {
    if (typeof value === 'object') throw new Unfillable(`\`${name}\` is no text or number, as a form needs`);
    form.append(name, String(value));
  }
  return form.toString();
}

interface History {
  /** Whether this was the last attempt that is allowed. */
  last: boolean;
  /** Whether an attempt before this one may have arrived. */
  sentBefore: boolean;
}

/** What an answer means, by the owner's rules. */
function judge(
  settings: HttpSettings,
  secrets: Secrets,
  sent: Exchanged,
  { last, sentBefore }: History,
): ConnectorAnswer {
  const { honoured } = settings.idempotency;
  if (sent.kind === 'unsent') {
    if (!last) return { status: 'again', why: sent.why };
    return sentBefore ? { status: 'unknown', why: sent.why } : failed(`${sent.why}; it was never sent`);
  }
  if (sent.kind === 'lost')
    return honoured && !last ? { status: 'again', why: sent.why } : { status: 'unknown', why: sent.why };
  const { rule, reference, result } = readByRules(settings, sent);
  const why = `the receiver answered ${sent.status}`;
  switch (rule) {
    case 'executed':
    case 'failed': {
      const got = result === null ? {} : { result: secrets.scrub(result) };
      return { status: rule, reference: secrets.scrub(reference), detail: why, ...got };
    }
    case 'retry':
      return honoured && !last ? { status: 'again', why } : { status: 'unknown', why };
    case null:
      return { status: 'unknown', why };
  }
}
