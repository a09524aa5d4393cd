/** Sends one request to the checked address of a name, and reads a bounded answer. */
import { lookup as dnsLookup } from 'node:dns/promises';
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { within } from '../../availability/index.ts';
import { faultOfAddresses, faultOfTarget, hostOf, type WebhookTargets } from '../../notify/webhook-target.ts';

export interface Outgoing {
  method: string;
  url: URL;
  headers: Record<string, string>;
  /** Empty for none. */
  body: string;
  network: WebhookTargets;
  timeoutMs: number;
}

export interface SendOptions {
  /** All addresses of a name. Default: the system's resolver. */
  resolve?: (host: string) => Promise<string[]>;
  /** Default: the system's. Tests pass their certificate. */
  ca?: string;
}

/** `unsent`: no byte of the request left. `lost`: it left, and no whole answer came. */
export type Exchanged =
  /** `whole`: all of it came, in time and within the bound; `long`: it was cut at the bound. */
  | {
      kind: 'answered';
      status: number;
      json: boolean;
      text: string;
      whole: boolean;
      long: boolean;
      headers: IncomingHttpHeaders;
    }
  | { kind: 'unsent'; why: string }
  | { kind: 'lost'; why: string };

/** Bytes of an answer that are read; the rest is not waited for. */
const ANSWER_MAX_BYTES = 64 * 1024;

/**
 * The name is resolved once, and the checked address is the one connected to, so a later DNS answer changes nothing. Redirects are not
 * followed. Each attempt opens a new connection, because the address of an old one was checked long ago.
 */
export async function sendOnce(outgoing: Outgoing, { resolve = resolveAll, ca }: SendOptions = {}): Promise<Exchanged> {
  const { url, network, timeoutMs } = outgoing;
  const unsent = (why: string): Exchanged => ({ kind: 'unsent', why });
  if (faultOfTarget(url, network) !== null) return unsent('the address is not one that this connector may reach');
  const host = hostOf(url);
  let addresses: string[];
  try {
    addresses = isIP(host) === 0 ? await within(timeoutMs, resolve(host)) : [host];
  } catch {
    return unsent('the name of the address leads nowhere');
  }
  const [address] = addresses;
  if (address === undefined || faultOfAddresses(url, addresses, network) !== null) {
    return unsent('the name leads to an address that this connector may not reach');
  }
  return exchange(outgoing, address, ca);
}

async function resolveAll(host: string): Promise<string[]> {
  return (await dnsLookup(host, { all: true, verbatim: true })).map(({ address }) => address);
}

function exchange(
  { method, url, headers, body, timeoutMs }: Outgoing,
  address: string,
  ca?: string,
): Promise<Exchanged> {
  const pinned: LookupFunction = (_host, options, done) => {
    const family = isIP(address);
    if (options.all === true) done(null, [{ address, family }]);
    else done(null, address, family);
  };
  const secure = url.protocol === 'https:';
  return new Promise((settle) => {
    /** From then on bytes may have arrived. */
    let connected = false;
    const options = {
      method,
      headers,
      lookup: pinned,
      agent: false as const,
      signal: AbortSignal.timeout(timeoutMs),
      ...(ca === undefined ? {} : { ca }),
    };
    const request = (secure ? httpsRequest : httpRequest)(url, options, (response) => settle(answerOf(response)));
    request.on('socket', (socket) => socket.once(secure ? 'secureConnect' : 'connect', () => (connected = true)));
    request.on('error', (error: NodeJS.ErrnoException) => {
      const why = `the receiver cannot be reached (${error.code ?? error.name})`;
      settle({ kind: connected ? 'lost' : 'unsent', why });
    });
    request.end(body);
  });
}

/** The status decides, even if the rest is cut off. */
async function answerOf(response: IncomingMessage): Promise<Exchanged> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of response as AsyncIterable<Buffer>) {
      bytes += part.length;
      parts.push(part);
      if (bytes > ANSWER_MAX_BYTES) break;
    }
  } catch {
    // Only the rest of the body is missing.
  }
  response.destroy();
  const long = bytes > ANSWER_MAX_BYTES;
  const whole = response.complete && !long;
  const json = whole && /\bjson\b/i.test(response.headers['content-type'] ?? '');
  const text = Buffer.concat(parts).toString('utf8');
  const { statusCode: status = 0, headers } = response;
  return { kind: 'answered', status, json, text, whole, long, headers };
}
