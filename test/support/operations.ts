/** Every operation of the OpenAPI document, as something that can be called. */
import { openApiDocument } from '../../src/api/openapi.ts';

interface Media {
  example?: unknown;
}
interface Described {
  security?: unknown[];
  parameters?: { in: string; name: string; required?: boolean; schema?: { enum?: string[] } }[];
  requestBody?: { content: Record<string, Media> };
}

export interface Operation {
  method: string;
  /** As the document writes it. */
  path: string;
  /** Whether everybody may call it, with no credential. */
  open: boolean;
  /** With `values` in the places of its parameters. */
  address: string;
  /** The document's example. */
  body: unknown;
}

/** Values for the parameters of a path, by `{name}`. */
export type PathValues = (path: string, parameter: string) => string;

const SOME: PathValues = (_path, parameter) => {
  if (parameter === 'tenant') return 'default';
  return parameter === 'index' ? '000' : 'x';
};

/** The parameters that an address cannot do without. */
function queryOf(parameters: NonNullable<Described['parameters']>): string {
  const needed = parameters.filter((one) => one.in === 'query' && one.required === true);
  return needed.length === 0
    ? ''
    : `?${needed.map(({ name, schema }) => `${name}=${schema?.enum?.[0] ?? 'x'}`).join('&')}`;
}

export function operations(values: PathValues = SOME): Operation[] {
  const { paths } = JSON.parse(JSON.stringify(openApiDocument())) as {
    paths: Record<string, Record<string, Described>>;
  };
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, { security, parameters = [], requestBody }]) => ({
      method: method.toUpperCase(),
      path,
      open: security?.length === 0,
      address: path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => values(path, name)) + queryOf(parameters),
      body: Object.values(requestBody?.content ?? {})[0]?.example,
    })),
  );
}

/** Those that need a credential. */
export const closedOperations = (values: PathValues = SOME): Operation[] =>
  operations(values).filter(({ open }) => !open);
