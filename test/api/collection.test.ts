/** The Postman collection holds every operation once, with a body that the API reads. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { collectionOf, type OpenApi } from '../../src/api/collection.ts';
import { openApiDocument } from '../../src/api/openapi.ts';

const document = JSON.parse(JSON.stringify(openApiDocument())) as OpenApi;
const collection = collectionOf(document);
const requests = collection.item.flatMap(({ item }) => item.map(({ request }) => request)) as {
  method: string;
  url: { raw: string; variable: { key: string }[] };
  body?: { raw: string };
}[];

describe('the collection', () => {
  it('holds every operation of the document once', () => {
    const asked = requests.map(({ method, url }) => `${method} ${url.raw}`);
    const described = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} {{url}}${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
    );
    expect(asked.sort()).toEqual(described.sort());
  });

  it('gives each parameter of a path, and a body that is JSON', () => {
    for (const { url, body } of requests) {
      const names = [...url.raw.matchAll(/:(\w+)/g)].map(([, name]) => name).filter((name) => name !== undefined);
      expect(url.variable.map(({ key }) => key).sort()).toEqual(names.sort());
      if (body !== undefined && /^[[{"]/.test(body.raw)) expect(() => JSON.parse(body.raw) as unknown).not.toThrow();
    }
  });
});

it('the entry for the MCP registry is what its schema asks for, and names this package, in its own version', () => {
  const read = (name: string): unknown => JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8'));
  const { name, version, mcpName } = z
    .looseObject({ name: z.string(), version: z.string(), mcpName: z.string() })
    .parse(read('package.json'));
  const entry = registryEntry.parse(read('server.json'));
  const [npm] = entry.packages;
  // The registry reads `mcpName` of the package to know that both have one owner.
  expect([entry.name, entry.version, npm.version, npm.identifier]).toEqual([mcpName, version, version, name]);
});

/** The part of the registry's schema (2025-12-11) that this entry uses; what it does not know, that schema does not know either. */
const described = {
  description: z.string().optional(),
  isRequired: z.boolean().optional(),
  isSecret: z.boolean().optional(),
};
const registryEntry = z.strictObject({
  $schema: z.literal('https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json'),
  name: z
    .string()
    .regex(/^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/)
    .min(3)
    .max(200),
  title: z.string().min(1).max(100),
  description: z.string().min(1).max(100),
  version: z.string().max(255),
  packages: z.tuple([
    z.strictObject({
      registryType: z.literal('npm'),
      identifier: z.string(),
      version: z.string(),
      runtimeHint: z.literal('npx'),
      transport: z.strictObject({ type: z.literal('stdio') }),
      packageArguments: z.array(
        z.discriminatedUnion('type', [
          z.strictObject({ type: z.literal('positional'), value: z.string() }),
          z.strictObject({ type: z.literal('named'), name: z.string().startsWith('--'), ...described }),
        ]),
      ),
      environmentVariables: z.array(z.strictObject({ name: z.string(), ...described })),
    }),
  ]),
});

it('llms.txt and the skill lead to pages that are there', () => {
  const text = readFileSync(new URL('../../llms.txt', import.meta.url), 'utf8');
  const links = [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, link]) => link ?? '');
  expect(links.length).toBeGreaterThan(5);
  for (const link of links) expect(() => readFileSync(new URL(`../../${link}`, import.meta.url))).not.toThrow();
});
