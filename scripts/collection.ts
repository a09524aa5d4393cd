/** `npm run collection`: the HTTP API as a Postman collection (format 2.1, which Bruno imports too), made of the OpenAPI document. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { openApiDocument } from '../src/api/openapi.ts';
import { collectionOf, type OpenApi } from '../src/api/collection.ts';

const file = process.argv[2] ?? 'dist/countersign.postman_collection.json';
mkdirSync(dirname(file), { recursive: true });
writeFileSync(
  file,
  `${JSON.stringify(collectionOf(JSON.parse(JSON.stringify(openApiDocument())) as OpenApi), null, 2)}\n`,
);
console.log(`wrote ${file}`);
