/** Completes every operation of the document: its id, the statuses that any of its kind can answer, and an example. */
import { exampleOf, type Schema } from './examples.ts';
import { problem } from './openapi-parts.ts';

interface Media {
  schema?: Schema;
  example?: unknown;
}
interface Answer {
  description?: string;
  headers?: Record<string, unknown>;
  content?: Record<string, Media>;
}
interface Operation {
  operationId?: string;
  security?: unknown[];
  requestBody?: { content?: Record<string, Media> };
  responses?: Record<string, Answer>;
}
interface Document {
  paths?: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, Schema> };
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** Examples that say more than a schema can. */
const REQUESTS: Readonly<Record<string, unknown>> = {
  'post /v1/actions': {
    surface: 'payments.refund',
    action: 'refund.create',
    actor: { id: 'agent:support-bot', type: 'agent' },
    resource: { type: 'order', id: 'ord_991' },
    params: { amount: 420.5, currency: 'USD' },
  },
  'post /v1/actions/{id}/decisions': { decision: 'approve', reason: 'the customer was charged twice' },
  'post /v1/actions/{id}/decision-options': { decision: 'approve', reason: 'the customer was charged twice' },
};

/** `get /v1/actions/{id}/receipt` is `getActionReceipt`. */
export function operationIdOf(method: string, path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== 'v1');
  const words = parts.flatMap((part, at) => {
    if (part.startsWith('{')) return [];
    const one = parts[at + 1]?.startsWith('{') === true ? singular(part) : part;
    return one.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  });
  return method + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

const singular = (word: string): string => word.replace(/ies$/, 'y').replace(/([^s])s$/, '$1');

/** The problems that an operation of this form can answer beside its own. */
function commonProblems(method: string, path: string, operation: Operation): Record<string, { description: string }> {
  const open = operation.security?.length === 0;
  const hasBody = operation.requestBody !== undefined;
  return {
    '400': problem('The input does not fit; `errors` says where.'),
    ...(open ? {} : { '401': problem('No valid credential.'), '403': problem('Not allowed.') }),
    ...(path.includes('{') || hasBody ? { '404': problem('No such thing, or it is not yours to see.') } : {}),
    ...(hasBody || method !== 'get' ? { '409': problem('Not as things stand.') } : {}),
    ...(hasBody
      ? { '413': problem('The body is too large.'), '422': problem('The body can be read, and is not accepted.') }
      : {}),
    '429': problem('Too many requests.'),
    '500': problem('A fault; nothing was released.'),
    '503': problem('Something Countersign needs does not answer; nothing was released.'),
  };
}

const isAboutAction = (path: string): boolean => /^\/v1\/(actions|permits)\b/.test(path);

const RECEIPT = {
  'Countersign-Receipt': {
    description: 'Hash of the newest record of the action.',
    schema: { type: 'string' },
  },
};

/** Completes every operation of the document, in place. */
export function complete<T extends object>(document: T): T {
  const { paths = {}, components } = document as Document;
  const refs = components?.schemas ?? {};
  for (const [path, item] of Object.entries(paths)) {
    for (const method of METHODS) {
      const operation = item[method];
      if (operation !== undefined) completeOperation(method, path, operation, refs);
    }
  }
  return document;
}

function completeOperation(method: string, path: string, operation: Operation, refs: Record<string, Schema>): void {
  operation.operationId ??= operationIdOf(method, path);
  // The shared problem is taken over unchanged from zod-openapi.
  const given = operation.responses ?? {};
  operation.responses = given;
  for (const [status, answer] of Object.entries(commonProblems(method, path, operation))) {
    given[status] ??= { description: answer.description, content: problemContent() };
  }
  for (const [status, answer] of Object.entries(given)) {
    if (isAboutAction(path) && status !== '401') answer.headers = { ...RECEIPT, ...answer.headers };
    for (const [type, media] of Object.entries(answer.content ?? {})) {
      if (media.example !== undefined || media.schema === undefined) continue;
      media.example = type.includes('problem') ? exampleProblem(Number(status)) : exampleOf(media.schema, refs);
    }
  }
  for (const media of Object.values(operation.requestBody?.content ?? {})) {
    media.example ??= REQUESTS[`${method} ${path}`] ?? exampleOf(media.schema ?? {}, refs);
  }
}

const problemContent = (): Record<string, Media> => ({
  'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
});

const CODES: Readonly<Record<number, string>> = {
  400: 'invalid-request',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not-found',
  409: 'conflict',
  413: 'body-too-large',
  422: 'invalid-request',
  429: 'rate-limited',
  500: 'internal',
  503: 'unavailable',
};

function exampleProblem(status: number): object {
  const code = CODES[status] ?? 'invalid-request';
  const title = code.charAt(0).toUpperCase() + code.slice(1).replaceAll('-', ' ');
  return {
    type: `urn:countersign:problem:${code}`,
    title,
    status,
    detail: 'what happened, and what to do next',
    code,
  };
}
