/** Turns the engine's callback about an action into a signal to the workflow that waits for it. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { DECIDED_SIGNAL } from './waiting.ts';

/** As much of Temporal's `Client` as is needed. */
export interface SignallingClient {
  workflow: { getHandle(workflowId: string, runId?: string): { signal(name: string): Promise<void> } };
}

export interface CallbackOptions {
  client: SignallingClient;
  /** `whsec_…`, as `countersign keys webhook-secret` prints it. */
  secret: string;
}

/** The workflow that waits, named in the address that the engine calls. */
export function callbackFor(
  address: string,
  { workflowExecution }: { workflowExecution?: { workflowId: string; runId: string } | undefined },
): string {
  const url = new URL(address);
  url.searchParams.set('workflow', workflowExecution?.workflowId ?? '');
  url.searchParams.set('run', workflowExecution?.runId ?? '');
  return url.href;
}

const BODY_BYTES = 512 * 1024;
/** Standard Webhooks: seconds that a message may be old. */
const TOLERANCE_S = 300;
const WAITING = ['evaluating', 'supervised'];

/**
 * Answers the engine's callbacks, for `http.createServer()` or as an Express handler before any body parser. The signal grants nothing: it
 * makes `governed()` ask the engine.
 */
export function signalOnCallback({ client, secret }: CallbackOptions): RequestListener {
  return (request, response) => {
    answer(request, client, secret).then(
      (status) => response.writeHead(status).end(),
      // The engine calls again later.
      () => unavailable(response),
    );
  };
}

const unavailable = (response: ServerResponse): void => void response.writeHead(503).end();

async function answer(request: IncomingMessage, client: SignallingClient, secret: string): Promise<number> {
  const body = await read(request);
  if (body === null || !(await isSigned(request, body, secret))) return 401;
  const { searchParams } = new URL(request.url ?? '', 'http://localhost');
  const [workflow, run] = [searchParams.get('workflow'), searchParams.get('run')];
  if (!workflow) return 400;
  const { data } = JSON.parse(body) as { data?: { status?: unknown } };
  if (WAITING.includes(String(data?.status))) return 204;
  try {
    await client.workflow.getHandle(workflow, run || undefined).signal(DECIDED_SIGNAL);
    return 204;
  } catch (error) {
    // The workflow is over: nobody waits, and 410 ends the message.
    if (error instanceof Error && error.name === 'WorkflowNotFoundError') return 410;
    throw error;
  }
}

async function read(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`; of several signatures one has to hold. */
async function isSigned({ headers }: IncomingMessage, body: string, secret: string): Promise<boolean> {
  const [id, timestamp, signatures] = ['id', 'timestamp', 'signature'].map((name) =>
    String(headers[`webhook-${name}`]),
  );
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= TOLERANCE_S)) return false;
  const key = await crypto.subtle.importKey(
    'raw',
    Buffer.from(secret.replace(/^whsec_/, ''), 'base64'),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['verify'],
  );
  const signed = Buffer.from(`${id}.${timestamp}.${body}`);
  for (const signature of (signatures ?? '').split(' ')) {
    if (!signature.startsWith('v1,')) continue;
    // Compares in constant time.
    if (await crypto.subtle.verify('HMAC', key, Buffer.from(signature.slice(3), 'base64'), signed)) return true;
  }
  return false;
}
