import { z } from 'zod';

const instant = z.iso.datetime();

/** Which columns of a source's files say what, by their headings. */
export const statementMappingSchema = z
  .strictObject({
    by: z.enum(['reference', 'action', 'resource']).meta({
      description: 'What a row is found by: the executor’s reference, the action’s id, or the resource.',
    }),
    key: z.string().min(1).max(256).meta({ description: 'Heading of the column with it.' }),
    amount: z.string().min(1).max(256).optional(),
    currency: z.string().min(1).max(256).optional(),
    at: z.string().min(1).max(256).optional().meta({ description: 'Heading of the column that says when.' }),
    separator: z.enum([',', ';', '\t', '|']).optional().meta({ description: 'Found out where it is left out.' }),
    decimal: z.enum(['.', ',']).optional(),
    minor: z
      .boolean()
      .optional()
      .meta({ description: 'Amounts are whole numbers of the smallest unit, such as cents.' }),
  })
  .meta({ id: 'StatementMapping' });

const issue = z.strictObject({
  kind: z.enum(['ungoverned', 'altered', 'doubled', 'contradicted', 'lacking', 'unreadable']).meta({
    description:
      'An effect without a release; of another amount or currency; on the statement twice; reported as not executed; executed and not on the statement; a row that cannot be read.',
  }),
  line: z.int().nullable().meta({ description: 'Of the file; null for what the statement lacks.' }),
  key: z.string(),
  action: z.string().nullable(),
  sentence: z.string(),
});

const counts = z.strictObject({
  rows: z.int(),
  agreed: z.int().meta({ description: 'Rows whose action is as they say.' }),
  uncompared: z.int().meta({ description: 'Of those: rows whose amount policy does not disclose.' }),
  ungoverned: z.int(),
  altered: z.int(),
  doubled: z.int(),
  contradicted: z.int(),
  lacking: z.int(),
  unreadable: z.int(),
});

export const comparedStatementSchema = z
  .strictObject({
    source: z.string(),
    file: z.strictObject({
      name: z.string().nullable(),
      bytes: z.int(),
      digest: z.string().meta({ description: '`sha256:` and the SHA-256 of the file.' }),
    }),
    mapping: statementMappingSchema,
    surface: z.string().nullable(),
    from: instant.nullable().meta({ description: 'What was executed from then on, and before `to`, has to be on it.' }),
    to: instant.nullable(),
    counts,
    issues: z.array(issue).meta({ description: 'The first 10,000, in the order of the file; then what it lacks.' }),
    digest: z.string().meta({ description: 'Of all issues, each as canonical JSON on a line of its own.' }),
    log: z.strictObject({ size: z.int(), root: z.string(), included: z.int() }),
    by: z.string(),
    at: instant,
    record: z.string().meta({ description: 'Hash of the record that sealed it.' }),
  })
  .meta({ id: 'ComparedStatement' });
export type ComparedStatement = z.infer<typeof comparedStatementSchema>;

const listed = comparedStatementSchema.omit({ issues: true });

/** A sealed statement, with its first issues and the person who brought it. */
export const sealedStatementSchema = z.object(comparedStatementSchema.omit({ by: true, at: true, record: true }).shape);

export const statementListSchema = z.strictObject({ statements: z.array(listed) });
export type StatementList = z.infer<typeof statementListSchema>;
