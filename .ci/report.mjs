/**
 * `node .ci/report.mjs REPORT… -- passed:STEP… failed:STEP…`: vitest's JSON reports and how the steps ended, said in short.
 * The last line is `N passed, N failed`, with `, N skipped` when there are some. Exits with 1 when anything failed.
 */
import { readFileSync } from 'node:fs';

const args = process.argv.slice(2);
const end = args.indexOf('--');
const reports = args.slice(0, end);
const steps = args.slice(end + 1);
const namesOf = (outcome) => steps.flatMap((step) => (step.startsWith(outcome) ? [step.slice(outcome.length)] : []));

// The demo is a test that is not run by vitest.
let passed = namesOf('passed:').filter((step) => step === 'demo').length;
let skipped = 0;
const failures = [];
for (const file of reports) {
  let report;
  try {
    report = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    failures.push(`${file}: the tests wrote no report`);
    continue;
  }
  passed += report.numPassedTests;
  skipped += report.numPendingTests + report.numTodoTests;
  for (const suite of report.testResults) {
    const failed = suite.assertionResults.filter(({ status }) => status === 'failed');
    for (const { fullName } of failed) failures.push(`${suite.name}: ${fullName}`);
    // A file that could not be loaded, or whose set-up failed, has no failed test of its own.
    if (suite.status === 'failed' && failed.length === 0) failures.push(`${suite.name}: ${suite.message}`);
  }
}
const said = failures.length;
for (const step of namesOf('failed:')) {
  // Failed tests are counted already; what else makes their step fail (an unhandled error, a time-out) is not.
  if (!(step.startsWith('tests') && said > 0)) failures.push(`step: ${step}`);
}
if (passed === 0) failures.push('no test passed');
for (const failure of failures) console.log(`FAILED ${failure}`);
console.log(`${passed} passed, ${failures.length} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failures.length > 0 ? 1 : 0;
