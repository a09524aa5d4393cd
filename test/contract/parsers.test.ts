/**
 * Every parser takes whatever it is given: it answers, or refuses with an error of its own. No input of a stranger ever gives a `TypeError`,
 * a stack that overflows, or anything else that nobody wrote. SECURITY.md has the count.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isCanonicalError, parseDecimal, readInput, readSealed } from '../../src/canonical/index.ts';
import { isCountersignError } from '../../src/contract/index.ts';
import { readIdempotencyKey } from '../../src/contract/idempotency.ts';
import { readBound, readRequest } from '../../src/contract/reading.ts';
import { parseDirectory } from '../../src/identity/directory-file.ts';
import { parseSignerRef } from '../../src/keys/signer-ref.ts';
import {
  isEvidenceError,
  parseAddCheckpoint,
  parseCheckpoint,
  parseNote,
  parseTilePath,
  parseVkey,
} from '../../src/ledger/index.ts';
import { parseDuration } from '../../src/policy/duration.ts';
import { parseHours } from '../../src/policy/hours.ts';
import { lintFiles } from '../../src/policy/index.ts';
import { parseExpression } from '../../src/policy/conditions/syntax.ts';
import { readUser } from '../../src/scim/resources.ts';
import { parseEnvelope } from '../../src/sealing/dsse.ts';
import { parseOpening } from '../../src/sealing/opening.ts';
import { parseReceipt } from '../../src/sealing/receipt.ts';
import { readPublicJwk } from '../../src/sealing/signer.ts';
import { readButtonValue } from '../../src/slack/blocks/model.ts';
import { parseCommand } from '../../src/slack/listeners/commands/parse.ts';
import { readClick, readSubmission } from '../../src/slack/origin.ts';
import { untyped } from '../support/untyped.ts';

/** Inputs for each parser and run; SECURITY.md says so. */
const RUNS = 400;

type Parser = [name: string, good: string, parse: (text: string) => unknown];

const NOTE = 'countersign/default\n3\n9mgO6HkjFV7Yn8kwwFPpoMhYhTsnFHf4J2FBMBzrMZg=\n\n— countersign/default 6ZJ3fA==\n';
const RECEIPT =
  '{"kind":"countersign.receipt/v1","envelope":{"payload":"e30=","payloadType":"application/vnd.countersign.record+json","signatures":[{"keyid":"k","sig":"AA=="}]},' +
  '"log":{"origin":"countersign/default","index":3,"checkpoint":"x","inclusion":["AA=="]}}';
const REQUEST =
  '{"surface":"payments.refund","action":"refund.create","actor":{"id":"agent:a","type":"agent"},"params":{"amount":"42.50"},"context":{"folder":"/emea"}}';
const POLICY = "policy: p\nsurfaces: [a.b]\nrules:\n  - { id: r, when: 'params.amount <= 10', then: approve }\n";

/** What is JSON first, and then somebody's: only what our own reader takes reaches them. */
const json = (parse: (value: never) => unknown) => (text: string) => parse(untyped(readInput(text)));

const TEXTS: Parser[] = [
  ['JSON of a request', REQUEST, readInput],
  ['sealed JSON', '{"a":1,"b":[true,null,"x"]}', readSealed],
  ['decimal', '420.50', (text) => parseDecimal(text)],
  ['time bound', '2026-11-01T00:00:00Z', (text) => readBound('from', text, 'from')],
  ['idempotency key', 'refund-ord_991', (text) => readIdempotencyKey([text])],
  ['note', NOTE, parseNote],
  ['checkpoint', NOTE.split('\n\n')[0] ?? '', (text) => parseCheckpoint(`${text}\n`)],
  ['verifier key', 'countersign/default+e98277dc+AQ==', parseVkey],
  ['path of a tile', 'tile/entries/x001/x234/067.p/12', parseTilePath],
  ['checkpoint for a witness', `old 0\n\n${NOTE}`, parseAddCheckpoint],
  ['policy', POLICY, (text) => lintFiles([{ path: 'p.yaml', text }])],
  [
    'cases',
    'cases:\n  - { name: a, want: { decision: approve } }\n',
    (text) => lintFiles([{ path: 'p.test.yaml', text }]),
  ],
  ['condition', 'params.amount <= 100 && limit("a").fits', parseExpression],
  ['hours', 'Mon-Fri 09:00-18:00; Sat 10:00-12:00', parseHours],
  ['duration', '15m', parseDuration],
  ['directory', 'people:\n  - { id: user:a@b.test, groups: [g] }\n', (text) => parseDirectory('directory.yaml', text)],
  ['where a key is', 'aws-kms:alias/records', parseSignerRef],
  ['slash command', 'freeze payments.refund because of x', parseCommand],
];
const VALUES: Parser[] = [
  ['request', REQUEST, json(readRequest)],
  ['receipt', RECEIPT, json(parseReceipt)],
  ['envelope', RECEIPT.slice(RECEIPT.indexOf('{"payload"'), RECEIPT.indexOf(',"log"')), json(parseEnvelope)],
  [
    'opening of a commitment',
    '{"kind":"countersign.opening/v1","record":"sha256:00","path":"params.a"}',
    json(parseOpening),
  ],
  ['public key', '{"kty":"OKP","crv":"Ed25519","x":"AA"}', json(readPublicJwk)],
  ['value of a button', '{"a":"act_1","r":3}', json(readButtonValue)],
  [
    'click in Slack',
    '{"type":"block_actions","user":{"id":"U1","team_id":"T1"},"actions":[{"action_id":"approve"}]}',
    json(readClick),
  ],
  [
    'form in Slack',
    '{"type":"view_submission","user":{"id":"U1"},"view":{"id":"V1","state":{"values":{}}}}',
    json(readSubmission),
  ],
  [
    'person by SCIM',
    '{"schemas":[],"userName":"a@b.test","active":true}',
    json((body) => readUser(body, { active: true })),
  ],
];

const ODD = [
  '\u0000',
  '\ud800',
  '"',
  '{',
  '[',
  '\\u0000',
  '-',
  'e999',
  '9'.repeat(400),
  '['.repeat(5000),
  '__proto__',
  '\u202e',
  '\r\n',
  '—',
  ' ',
];

/** A good input with pieces cut out, put in, doubled or moved, and now and then something else altogether. */
const inputs = (good: string) =>
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .array(edit, { minLength: 1, maxLength: 6 })
        .map((edits) => edits.reduce((text, one) => one(text), good)),
    },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
    { weight: 1, arbitrary: fc.json() },
  );
const edit = fc
  .tuple(
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.nat({ max: 12 }),
    fc.oneof(fc.constantFrom('', ...ODD), fc.string({ maxLength: 5 })),
  )
  .map(([where, length, put]) => (text: string) => {
    const at = Math.floor(where * text.length);
    return text.slice(0, at) + put + text.slice(at + length);
  });

const own = (error: unknown): boolean => isCountersignError(error) || isCanonicalError(error) || isEvidenceError(error);

describe.each([...TEXTS, ...VALUES])('the parser of a %s', (_name, good, parse) => {
  it('answers, or refuses in words of its own', () => {
    fc.assert(
      fc.property(inputs(good), (text) => {
        try {
          parse(text);
        } catch (error) {
          if (!own(error)) throw error;
        }
      }),
      { numRuns: RUNS },
    );
    expect(() => parse(good)).not.toThrow(TypeError);
  });
});
