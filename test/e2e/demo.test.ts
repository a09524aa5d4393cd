import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

it('npm run demo shows the whole path and exits 0', { timeout: 180_000 }, async () => {
  const { stdout } = await promisify(execFile)('npm', ['run', '--silent', 'demo'], { env: process.env });
  expect(stdout).toContain('parked (202)');
  expect(stdout.match(/409, permit-already-redeemed/g)).toHaveLength(2);
  expect(stdout.match(/ {3}valid {2}entry/g)).toHaveLength(8);
  expect(stdout).toContain('8 receipts are valid');
});
