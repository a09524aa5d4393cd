/** The page's own verification: with the browser's cryptography and without, on good evidence and on bad. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { trustOf, verifyAction, verifyInPage } from '../../src/console/web/view/verify.ts';
import { nobleVerify, verifyReceipt, type Trust } from '../../src/sealing/index.ts';
import { untyped } from '../support/untyped.ts';

interface Vectors {
  valid: { name: string; trust: Trust; receipts: unknown[] }[];
  refused: { name: string; trust: Trust; receipt: unknown; reason: string }[];
}
const vectors = untyped<Vectors>(
  JSON.parse(readFileSync(new URL('../vectors/receipts.json', import.meta.url), 'utf8')),
);

describe.each([
  ['WebCrypto', verifyInPage],
  ['noble', nobleVerify],
])('with %s', (_engine, verify) => {
  it.each(vectors.valid.map(({ name, trust, receipts }) => [name, trust, receipts] as const))(
    'receipts of %s hold',
    async (_name, trust, receipts) => {
      for (const receipt of receipts) await verifyReceipt(receipt, trust, { verify });
    },
  );

  it.each(vectors.refused.map(({ name, trust, receipt, reason }) => [name, trust, receipt, reason] as const))(
    '%s does not',
    async (_name, trust, receipt, reason) => {
      await expect(verifyReceipt(receipt, trust, { verify })).rejects.toMatchObject({ reason });
    },
  );
});

describe('an action in the page', () => {
  const bundle = (): Promise<null> => Promise.resolve(null);
  const [good] = vectors.valid;
  const [bad] = vectors.refused;

  it('does not hold when a receipt is of another record, is refused, or cannot be had', async () => {
    const trust = await trustOf(good?.trust.recordKeys ?? [], good?.trust.logKeys ?? [], null);
    const asked = { id: 'act_1', hashes: [`sha256:${'0'.repeat(64)}`], row: null };
    for (const receipt of [
      () => Promise.resolve(good?.receipts[0]),
      () => Promise.resolve(bad?.receipt),
      () => Promise.reject(new Error('not found')),
    ]) {
      const { passed, checks } = await verifyAction(asked, { receipt, enrolment: receipt, bundle }, trust);
      expect([passed, checks.length]).toEqual([false, 1]);
    }
  });

  it('does not hold without any record', async () => {
    const none = { id: 'act_1', hashes: [], row: null };
    const receipt = (): Promise<null> => Promise.resolve(null);
    expect(
      (await verifyAction(none, { receipt, enrolment: receipt, bundle }, { recordKeys: [], logKeys: [] })).passed,
    ).toBe(false);
  });
});
