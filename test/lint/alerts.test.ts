/** Alerts and dashboard speak of series that there are, and each alert has its paragraph and a case of promtool in which it is given. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { dashboard } from '../../deploy/grafana/dashboard.js';
import { measureStanding } from '../../src/main/metrics/gauges.ts';
import { createMeters } from '../../src/main/metrics/meters.ts';

interface Rule {
  alert: string;
  expr: string;
  labels: { severity: string };
  annotations: { summary: string; runbook: string };
}
const { groups } = parse(readFileSync('deploy/prometheus/alerts.yaml', 'utf8')) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
const { tests } = parse(readFileSync('deploy/prometheus/alerts.test.yaml', 'utf8')) as {
  tests: { alert_rule_test: { alertname: string; exp_alerts: object[] }[] }[];
};
const fired = tests.flatMap((test) => test.alert_rule_test).filter(({ exp_alerts: found }) => found.length > 0);
const runbook = readFileSync('docs/operations.md', 'utf8');

const meters = createMeters();
const never = (): Promise<never> => Promise.reject(new Error('nobody asks'));
measureStanding(meters, {
  store: { gauges: { standing: never } },
  connection: { withDeadline: never, workflowService: { describeNamespace: never, describeTaskQueue: never } },
  namespace: 'default',
  taskQueue: 'countersign',
});
const known = new Set(meters.registry.getMetricsAsArray().map(({ name }) => name));
const unknownIn = (text: string): string[] =>
  [...text.matchAll(/countersign_[a-z_]+/g)]
    .map(([name]) => name.replace(/_(bucket|count|sum)$/, ''))
    .filter((name) => !known.has(name));

it.each(rules.map((rule) => [rule.alert, rule] as const))('%s', (name, { expr, labels, annotations }) => {
  expect(unknownIn(expr)).toEqual([]);
  expect(['page', 'ticket']).toContain(labels.severity);
  expect(annotations.runbook).toBe(`docs/operations.md#${name.toLowerCase()}`);
  expect(fired.map(({ alertname }) => alertname)).toContain(name);
  expect(runbook).toMatch(new RegExp(`^### ${name}\\n\\n\\S`, 'm'));
});

it('no paragraph is about an alert that is not there', () => {
  const told = [...runbook.matchAll(/^### (Countersign\w+)$/gm)].map(([, name]) => name);
  expect(told.sort()).toEqual(rules.map(({ alert }) => alert).sort());
});

it('the dashboard is as its code makes it, of series that there are', () => {
  const text = readFileSync('deploy/grafana/countersign.json', 'utf8');
  expect(JSON.parse(text)).toEqual(dashboard());
  expect(unknownIn(text)).toEqual([]);
});

it('the page lists every series', () => {
  const named = runbook.slice(0, runbook.indexOf('## Logs'));
  const missing = [...known]
    .map((name) => name.replace('countersign_', ''))
    .filter((name) => !named.includes(`${name}`));
  expect(missing).toEqual([]);
});
