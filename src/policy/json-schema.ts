import { z } from 'zod';
import type { Json } from '../contract/index.ts';
import { casesSchema } from './cases-schema.ts';
import { policySchema } from './schema.ts';

const DIALECT = 'http://json-schema.org/draft-07/schema#';

/** JSON Schema of a policy file, for editors: draft 7, which all of them know. */
export function policyJsonSchema(): Json {
  return { ...schemaOf(policySchema), $schema: DIALECT };
}

/** JSON Schema of a cases file. */
export function casesJsonSchema(): Json {
  return { ...schemaOf(casesSchema), $schema: DIALECT };
}

function schemaOf(schema: z.ZodType): Record<string, Json> {
  return JSON.parse(JSON.stringify(z.toJSONSchema(schema, { target: 'draft-7', io: 'input' }))) as Record<string, Json>;
}
