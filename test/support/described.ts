/** Holds every answer of a test against the OpenAPI document: its status is described, and its body fits the schema. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { openApiDocument } from '../../src/api/openapi.ts';

const DOCUMENT = 'https://countersign.test/openapi.json';

interface Described {
  paths: Record<string, Record<string, { responses: Record<string, { content?: Record<string, unknown> }> }>>;
}

const document = JSON.parse(JSON.stringify(openApiDocument())) as Described;
// Formats are annotations in JSON Schema 2020-12; the patterns beside them are what is checked.
const ajv = new Ajv2020({ strict: false, validateFormats: false, validateSchema: false, allErrors: true });
ajv.addSchema(document, DOCUMENT);

const pointer = (...parts: string[]): string =>
  parts.map((part) => `/${encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))}`).join('');

const compiled = new Map<string, ValidateFunction>();
function validator(at: string): ValidateFunction {
  let validate = compiled.get(at);
  if (validate === undefined) {
    validate = ajv.compile({ $ref: `${DOCUMENT}#${at}` });
    compiled.set(at, validate);
  }
  return validate;
}

/** Paths with what they match; the last parameter of a tile's path holds slashes. Addresses without parameters come first. */
const PATHS = Object.keys(document.paths)
  .map((path) => {
    const pattern = path
      .replaceAll(/[.]/g, '\\.')
      .replaceAll(/\{(\w+)\}/g, (_all, name) => (name === 'index' ? '.+' : '[^/]+'));
    return { path, parameters: path.split('{').length - 1, matches: new RegExp(`^${pattern}$`) };
  })
  .sort((a, b) => a.parameters - b.parameters);

export interface Received {
  status: number;
  body: unknown;
  headers: Headers;
}

/** @throws Error saying what the document does not describe. An address that it does not name is left to the test. */
export function expectDescribed(method: string, address: string, { status, body, headers }: Received): void {
  const pathname = address.split('?')[0] ?? '';
  const path = PATHS.find(({ matches }) => matches.test(pathname))?.path;
  const operation = path === undefined ? undefined : document.paths[path]?.[method.toLowerCase()];
  if (path === undefined || operation === undefined) return;
  const where = `${method} ${path} → ${status}`;
  const response = operation.responses[String(status)];
  if (response === undefined)
    throw new Error(`${where} is not in openapi.json: ${JSON.stringify(body)?.slice(0, 500)}`);
  const type = (headers.get('content-type') ?? '').split(';')[0] ?? '';
  if (response.content === undefined) {
    if (type !== '') throw new Error(`${where} has a body of ${type}, and openapi.json says none`);
    return;
  }
  if (response.content[type] === undefined) throw new Error(`${where} answers ${type}, which is not in openapi.json`);
  if (!type.includes('json')) return;
  const validate = validator(
    pointer('paths', path, method.toLowerCase(), 'responses', String(status), 'content', type, 'schema'),
  );
  if (!validate(body)) {
    const wrong = (validate.errors ?? [])
      .slice(0, 5)
      .map(({ instancePath, message }) => `${instancePath} ${message ?? ''}`);
    throw new Error(`${where} does not fit openapi.json: ${wrong.join('; ')}: ${JSON.stringify(body)?.slice(0, 500)}`);
  }
}
