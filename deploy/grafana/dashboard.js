/**
 * Grafana's dashboard, built: `node deploy/grafana/dashboard.js > deploy/grafana/countersign.json`. Every panel answers one question of whoever
 * is on call, and stands in the order in which they are asked.
 */
import { fileURLToPath } from 'node:url';

const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };
const WIDTH = 8;
const HEIGHT = 7;

/** Of the whole stack: each process says the same. */
const stack = (series) => `max(countersign_${series})`;
const rate = (series, by = '') =>
  `sum${by === '' ? '' : ` by (${by})`} (rate(countersign_${series}[$__rate_interval]))`;
const quantile = (q, series) =>
  `histogram_quantile(${q}, sum by (le) (rate(countersign_${series}_bucket[$__rate_interval])))`;

/** `title`, unit, and what is drawn: expression and legend. */
const ROWS = [
  [
    'Are people waiting?',
    [
      ['Waiting for people', 'short', [[stack('waiting'), 'waiting']]],
      ['Longest wait', 's', [[stack('waiting_oldest_seconds'), 'oldest']]],
      [
        'Time to decide',
        's',
        [
          [quantile(0.5, 'time_to_decide_seconds'), 'half'],
          [quantile(0.95, 'time_to_decide_seconds'), '19 of 20'],
        ],
      ],
    ],
  ],
  [
    'What is answered?',
    [
      ['Verdicts', 'ops', [[rate('verdicts_total', 'decision, basis'), '{{decision}}: {{basis}}']]],
      ['Ends', 'ops', [[rate('actions_ended_total', 'status'), '{{status}}']]],
      ['Limits near their maximum', 'ops', [[rate('limit_near_total', 'limit'), '{{limit}}']]],
    ],
  ],
  [
    'How fast?',
    [
      [
        'Requests that wait for nobody',
        's',
        [
          [quantile(0.5, 'http_request_seconds'), 'half'],
          [quantile(0.99, 'http_request_seconds'), '99 of 100'],
        ],
      ],
      ['Answers', 'ops', [[rate('http_request_seconds_count', 'status'), '{{status}}']]],
      ['Turned away', 'ops', [[rate('http_shed_total'), 'too many at work']]],
    ],
  ],
  [
    'Is it sealed?',
    [
      [
        'Sealing lag',
        's',
        [
          [quantile(0.5, 'seal_seconds'), 'half'],
          [quantile(0.99, 'seal_seconds'), '99 of 100'],
          ['max(countersign_seal_oldest_seconds)', 'oldest now'],
        ],
      ],
      [
        'Records',
        'ops',
        [
          [rate('records_sealed_total', 'type'), '{{type}}'],
          [rate('seal_failures_total'), 'not sealed'],
        ],
      ],
      ['Lists are behind', 'short', [[stack('projection_lag_entries'), 'entries']]],
    ],
  ],
  [
    'Who works?',
    [
      ['Pollers', 'short', [['max by (kind) (countersign_pollers)', '{{kind}}']]],
      ['Backlog', 'short', [['max by (kind) (countersign_backlog)', '{{kind}}']]],
      ['Backlog age', 's', [['max by (kind) (countersign_backlog_age_seconds)', '{{kind}}']]],
    ],
  ],
  [
    'Who is told?',
    [
      ['Slack failures', 'ops', [[rate('slack_failures_total', 'call, why'), '{{call}}: {{why}}']]],
      ['Webhooks', 'ops', [[rate('webhooks_total', 'result'), '{{result}}']]],
      [
        'Nobody said how it ended',
        'short',
        [
          [stack('unreported'), 'unreported'],
          [stack('released'), 'not reported yet'],
        ],
      ],
    ],
  ],
];

const panel = ([title, unit, drawn], id, x, y) => ({
  id,
  type: 'timeseries',
  title,
  datasource: DATASOURCE,
  gridPos: { x, y, w: WIDTH, h: HEIGHT },
  fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
  targets: drawn.map(([expr, legendFormat], i) => ({
    refId: String.fromCharCode('A'.charCodeAt(0) + i),
    datasource: DATASOURCE,
    expr,
    legendFormat,
  })),
});

export function dashboard() {
  let id = 0;
  const panels = ROWS.flatMap(([title, row], n) => {
    const y = n * (HEIGHT + 1);
    return [
      { id: ++id, type: 'row', title, collapsed: false, gridPos: { x: 0, y, w: 24, h: 1 }, panels: [] },
      ...row.map((one, i) => panel(one, ++id, i * WIDTH, y + 1)),
    ];
  });
  return {
    uid: 'countersign',
    title: 'Countersign',
    tags: ['countersign'],
    schemaVersion: 39,
    editable: true,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    templating: { list: [{ name: 'datasource', type: 'datasource', query: 'prometheus', current: {} }] },
    panels,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(JSON.stringify(dashboard(), null, 2));
