/**
 * `node .ci/report.mjs REPORT… -- FAILED-STEP…`: vitest's reports (REPORT.json, and REPORT.again.json of the files that were run a second
 * time) and the steps that failed, said in short.
 * The last line is `N passed, N failed`, with `, N skipped` when there are some. Exits with 1 when anything failed.
 */
import { readFileSync } from 'node:fs';

const args = process.argv.slice(2);
const end = args.indexOf('--');
const reports = args.slice(0, end);
const failedSteps = args.slice(end + 1);

function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

function failuresOf(suite) {
  const failed = suite.assertionResults.filter(({ status }) => status === 'failed');
  // A file that could not be loaded, or whose set-up failed, has no failed test of its own.
  if (suite.status === 'failed' && failed.length === 0) return [`${suite.name}: ${suite.message}`];
  return failed.map(({ fullName }) => `${suite.name}: ${fullName}`);
}

let passed = 0;
let skipped = 0;
const failures = [];
for (const name of reports) {
  const report = read(`${name}.json`);
  if (report === null) {
    failures.push(`${name}: the tests wrote no report`);
    continue;
  }
  const again = new Map((read(`${name}.again.json`)?.testResults ?? []).map((suite) => [suite.name, suite]));
  for (const first of report.testResults) {
    const suite = again.get(first.name) ?? first;
    if (suite !== first && suite.status !== 'failed') {
      for (const failure of failuresOf(first)) console.log(`UNSTABLE, passed by itself: ${failure}`);
    }
    const count = (...wanted) => suite.assertionResults.filter(({ status }) => wanted.includes(status)).length;
    passed += count('passed');
    skipped += count('pending', 'skipped', 'todo');
    failures.push(...failuresOf(suite));
  }
}
const said = failures.length;
for (const step of failedSteps) {
  // Failed tests are counted already; what else makes their step fail (an unhandled error, a time-out) is not.
  if (!(step.startsWith('tests') && said > 0)) failures.push(`step: ${step}`);
}
if (passed === 0) failures.push('no test passed');
for (const failure of failures) console.log(`FAILED ${failure}`);
console.log(`${passed} passed, ${failures.length} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failures.length > 0 ? 1 : 0;
