/** The offline verifier as one file: what it says of the published vectors, in a real Chromium without a network. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkReceipts, KeyFault, readKeys } from '../../verifier/check.ts';
import { axe, launchBrowser } from '../support/browser.ts';
import { ROOT } from '../support/sources.ts';

const run = promisify(execFile);

interface Trusted {
  name: string;
  trust: { recordKeys: object[]; logKeys: string[] };
}
type Valid = Trusted & { receipts: object[] };
type Refused = Trusted & { receipt: object; reason: string };
const vectors = JSON.parse(readFileSync(join(ROOT, 'test/vectors/receipts.json'), 'utf8')) as {
  valid: Valid[];
  refused: Refused[];
};
const keyFiles = ({ trust }: Trusted) => [
  { name: 'record-keys.jwks.json', text: JSON.stringify({ keys: trust.recordKeys }) },
  { name: 'log.vkey', text: `${trust.logKeys.join('\n')}\n` },
];
const fileOf = (receipt: object, name = 'receipt.json') => ({ name, text: JSON.stringify(receipt) });

describe('checking', () => {
  it.each(vectors.valid)('finds valid: $name', async (vector) => {
    const files = vector.receipts.map((receipt, i) => fileOf(receipt, `${i}.json`));
    const report = await checkReceipts(files, await readKeys(keyFiles(vector)));
    expect(report).toMatchObject({ valid: true, lines: files.map(() => ({ valid: true })), conflicts: [] });
  });

  it.each(vectors.refused)('finds invalid: $name', async (vector) => {
    const { reason } = vector;
    const trust = { recordKeys: vector.trust.recordKeys, logKeys: vector.trust.logKeys };
    const report = await checkReceipts([fileOf(vector.receipt)], trust);
    expect(report).toMatchObject({ valid: false, lines: [{ valid: false }] });
    expect(report.lines[0]?.says[0]).toMatch(new RegExp(`^${reason}: `));
  });

  it('finds nothing valid where there is nothing', async () => {
    const [vector] = vectors.valid as [Valid];
    expect((await checkReceipts([], await readKeys(keyFiles(vector)))).valid).toBe(false);
  });

  it.each(['', '{', '{"keys":[]}', '[]', 'null', '{"kty":"oct","k":"AA"}'])('takes no keys from %j', async (text) => {
    await expect(readKeys([{ name: 'keys', text }])).rejects.toThrow(KeyFault);
  });
});

describe('the page', () => {
  let browser: Browser;
  let page: Page;
  const folder = mkdtempSync(join(tmpdir(), 'countersign-verifier-'));
  const file = join(folder, 'countersign-verify.html');
  const asked: string[] = [];
  beforeAll(async () => {
    await run('node', ['scripts/verifier.js', folder], { cwd: ROOT });
    browser = await launchBrowser();
    page = await browser.newPage({ viewport: { width: 360, height: 740 } });
    page.on('request', (request) => asked.push(request.url()));
    page.on('console', (message) => asked.push(`${message.type()}: ${message.text()}`));
    await page.goto(pathToFileURL(file).href);
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const choose = async (field: string, files: { name: string; text: string }[]): Promise<void> => {
    const paths = files.map(({ name, text }) => {
      const path = join(folder, name);
      writeFileSync(path, text);
      return path;
    });
    await page.getByLabel(field).setInputFiles(paths);
  };

  it('is the file that its checksum names', () => {
    const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
    expect(readFileSync(`${file}.sha256`, 'utf8')).toBe(`${sha256}  countersign-verify.html\n`);
  });

  it('says what a receipt proves, and shouts at one that was altered', async () => {
    const [vector] = vectors.valid as [Valid];
    await choose('1. Keys', keyFiles(vector));
    const good = fileOf(vector.receipts[0] ?? {}, 'good.json');
    await choose('2. Receipts', [good]);
    const result = page.getByRole('region', { name: 'Result' });
    await result.getByText('The receipt holds under these keys.').waitFor();
    await result.getByText(/^Proven: record sha256:/).waitFor();
    expect(await axe(page)).toEqual([]);

    const altered = good.text.replace(
      /"payload":"(.)/,
      (_, first: string) => `"payload":"${first === 'A' ? 'B' : 'A'}`,
    );
    const markup = '<img src=x onerror=alert(1)>.json';
    await choose('2. Receipts', [good, { name: markup, text: altered }]);
    await result.getByText('DO NOT RELY ON THIS: 1 of 2 does not hold.').waitFor();
    await result.getByText(markup).waitFor();
    expect(await page.locator('img').count()).toBe(0);
    expect(await axe(page)).toEqual([]);
  });

  it('asks the network for nothing', () => {
    expect(asked).toEqual([pathToFileURL(file).href]);
  });
});
