/** The Postman collection holds every operation once, with a body that the API reads. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
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

it('the entry for the MCP registry names this package, in its own version', () => {
  const read = (name: string): Record<string, unknown> =>
    JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')) as Record<string, unknown>;
  const entry = read('server.json') as {
    version: string;
    description: string;
    packages: { version: string; identifier: string }[];
  };
  const { name, version } = read('package.json');
  expect([entry.version, entry.packages[0]?.version, entry.packages[0]?.identifier]).toEqual([version, version, name]);
  expect(entry.description.length).toBeLessThanOrEqual(100);
});

it('llms.txt and the skill lead to pages that are there', () => {
  const text = readFileSync(new URL('../../llms.txt', import.meta.url), 'utf8');
  const links = [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, link]) => link ?? '');
  expect(links.length).toBeGreaterThan(5);
  for (const link of links) expect(() => readFileSync(new URL(`../../${link}`, import.meta.url))).not.toThrow();
});
