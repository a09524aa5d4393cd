import { el } from './dom.js';
import { EMOJI } from './emoji.js';

/**
 * The emoji of approvals, drawn: Slack too shows pictures, and a machine without an emoji font would show boxes.
 * Each shape is a list of SVG elements in a 16 by 16 box: tag, then attributes.
 */
const disc = (fill) => [['circle', { cx: 8, cy: 8, r: 7, fill }]];
const tile = (fill) => ['rect', { x: 1, y: 1, width: 14, height: 14, rx: 3, fill }];
const stroke = (d, colour, width) => [
  'path',
  { d, fill: 'none', stroke: colour, 'stroke-width': width, 'stroke-linecap': 'round', 'stroke-linejoin': 'round' },
];
const path = (d, fill, line) => ['path', { d, fill, ...(line ? { stroke: line, 'stroke-linejoin': 'round' } : {}) }];

const HOURGLASS = [
  path('M4 1.5h8c0 4-3 4.5-3 6.5s3 2.5 3 6.5H4c0-4 3-4.5 3-6.5s-3-2.5-3-6.5z', '#f9e4c0', '#8a6d3b'),
  path('M5 13.5c0-2 2-2.5 3-4 1 1.5 3 2 3 4z', '#d9920f'),
];
const CLOCK = [
  ...disc('#f1f3f5'),
  ['circle', { cx: 8, cy: 8, r: 6.4, fill: 'none', stroke: '#c92a2a', 'stroke-width': 1.4 }],
  stroke('M8 4.5V8l2.5 1.5', '#343a40', 1.4),
];
const ALERT = [
  path('M3 12V8a5 5 0 0110 0v4z', '#e03131'),
  ['rect', { x: 1.5, y: 12, width: 13, height: 2.6, rx: 1, fill: '#495057' }],
  stroke('M8 .8v1M2 3l.8.8M14 3l-.8.8', '#e03131', 1.2),
];
const EYES = [-3.5, 3.5].flatMap((at) => [
  ['ellipse', { cx: 8 + at, cy: 8, rx: 3, ry: 4.6, fill: '#ffffff', stroke: '#495057' }],
  ['circle', { cx: 8 + at - 0.8, cy: 8.6, r: 1.5, fill: '#212529' }],
]);

const SHAPES = {
  white_check_mark: [tile('#2b8a3e'), stroke('M4.2 8.4l2.6 2.6 5-5.6', '#ffffff', 2)],
  heavy_check_mark: [stroke('M2.5 8.6l3.8 3.8L13.5 4', '#2b8a3e', 2.4)],
  ballot_box_with_check: [tile('#1971c2'), stroke('M4.2 8.4l2.6 2.6 5-5.6', '#ffffff', 2)],
  x: [stroke('M3.2 3.2l9.6 9.6M12.8 3.2l-9.6 9.6', '#e03131', 2.8)],
  warning: [
    path('M8 1.6L15.2 14.4H.8z', '#fcc419', '#e67700'),
    stroke('M8 6v4', '#343a40', 1.6),
    ['circle', { cx: 8, cy: 12.3, r: 0.9, fill: '#343a40' }],
  ],
  hourglass: HOURGLASS,
  hourglass_flowing_sand: HOURGLASS,
  alarm_clock: CLOCK,
  stopwatch: CLOCK,
  lock: [
    stroke('M5 7.5V5a3 3 0 016 0v2.5', '#868e96', 1.8),
    ['rect', { x: 2.8, y: 7, width: 10.4, height: 7.6, rx: 1.6, fill: '#f2a900' }],
    ['circle', { cx: 8, cy: 10.6, r: 1.2, fill: '#5c3d00' }],
  ],
  unlock: [
    stroke('M5 7.5V4.2a3 3 0 015.8-1', '#868e96', 1.8),
    ['rect', { x: 2.8, y: 7, width: 10.4, height: 7.6, rx: 1.6, fill: '#f2a900' }],
  ],
  zzz: [tile('#7048e8'), stroke('M4 4h4L4 8.6h4', '#ffffff', 1.4), stroke('M9.2 8.4h3L9.2 12h3', '#ffffff', 1.4)],
  repeat: [
    tile('#1971c2'),
    stroke('M4.2 7.4V6.6a1.8 1.8 0 011.8-1.8h5.6M10 3.2l1.7 1.6L10 6.4', '#ffffff', 1.4),
    stroke('M11.8 8.6v.8a1.8 1.8 0 01-1.8 1.8H4.4M6 9.6l-1.7 1.6L6 12.8', '#ffffff', 1.4),
  ],
  no_entry: [...disc('#e03131'), ['rect', { x: 3.6, y: 6.7, width: 8.8, height: 2.6, rx: 0.6, fill: '#ffffff' }]],
  no_entry_sign: [
    ['circle', { cx: 8, cy: 8, r: 6, fill: 'none', stroke: '#e03131', 'stroke-width': 2 }],
    stroke('M4 4l8 8', '#e03131', 2),
  ],
  octagonal_sign: [path('M5 1h6l4 4v6l-4 4H5l-4-4V5z', '#e03131'), stroke('M5 8h6', '#ffffff', 2)],
  rotating_light: ALERT,
  bell: [
    path('M8 1.5c-3 0-4.4 2.2-4.4 5 0 3.4-1.6 4-1.6 5.2h12c0-1.2-1.6-1.8-1.6-5.2 0-2.8-1.4-5-4.4-5z', '#f2a900'),
    ['circle', { cx: 8, cy: 13.4, r: 1.5, fill: '#b37700' }],
  ],
  information_source: [
    tile('#1971c2'),
    stroke('M8 7.6v4', '#ffffff', 2),
    ['circle', { cx: 8, cy: 4.7, r: 1.2, fill: '#ffffff' }],
  ],
  arrow_right: [tile('#1971c2'), stroke('M4 8h7.4M8.6 5l3 3-3 3', '#ffffff', 1.8)],
  leftwards_arrow_with_hook: [
    tile('#1971c2'),
    stroke('M6.4 4.4L4 6.8l2.4 2.4M4.2 6.8H10a2.2 2.2 0 010 4.4H6.5', '#ffffff', 1.6),
  ],
  memo: [
    ['rect', { x: 2, y: 1.4, width: 10, height: 13.2, rx: 1, fill: '#f8f9fa', stroke: '#868e96' }],
    stroke('M4.5 5h5M4.5 8h5M4.5 11h3', '#868e96', 1),
    stroke('M14.2 5.4L9 12.6', '#f08c00', 2),
  ],
  snowflake: [stroke('M8 1.5v13M2.4 4.7l11.2 6.6M13.6 4.7L2.4 11.3', '#339af0', 1.6)],
  tada: [
    path('M2 14.5L5.6 5l5.4 5.4z', '#f2a900'),
    stroke('M9 5c0-1.6.8-2.6 2-3M11 7.6c1.4-.8 2.6-.8 3.6 0M7.4 2.2v.1M13.4 4.6v.1', '#e64980', 1.6),
  ],
  bust_in_silhouette: [
    ['circle', { cx: 8, cy: 5, r: 3.2, fill: '#5c677d' }],
    path('M2 15c0-4 2.6-5.6 6-5.6S14 11 14 15z', '#5c677d'),
  ],
  shield: [path('M8 1l6 2v4.6c0 3.6-2.6 6-6 7.4-3.4-1.4-6-3.8-6-7.4V3z', '#4c6ef5', '#364fc7')],
  key: [
    ['circle', { cx: 4.8, cy: 8, r: 2.8, fill: 'none', stroke: '#d9920f', 'stroke-width': 2 }],
    stroke('M7.6 8H14M12 8v2.4', '#d9920f', 2),
  ],
  eyes: EYES,
  speech_balloon: [
    path(
      'M3 2.5h10a1.6 1.6 0 011.6 1.6v5.4a1.6 1.6 0 01-1.6 1.6H8.4L4.6 14.4v-3.3H3a1.6 1.6 0 01-1.6-1.6V4.1A1.6 1.6 0 013 2.5z',
      '#e7f5ff',
      '#4c6ef5',
    ),
    stroke('M4.8 6.8h.1M8 6.8h.1M11.2 6.8h.1', '#4c6ef5', 1.8),
  ],
  question: [
    stroke('M4.6 5.4a3.4 3.4 0 116 2.2C9.4 8.6 8 9 8 10.8', '#e03131', 2.4),
    ['circle', { cx: 8, cy: 14, r: 1.4, fill: '#e03131' }],
  ],
  pencil2: [
    path('M2 14l.8-3.4L11 2.4l2.6 2.6-8.2 8.2z', '#f2a900', '#8a6d3b'),
    path('M2 14l.8-3.4 2.6 2.6z', '#343a40'),
  ],
  wave: [
    path(
      'M4 8.4l1.2-5 1.6.4-.4 2.8L8 1.8l1.6.4-.8 4.2 2-3.4 1.4.8-1.6 4.4c.8-.4 1.8-.6 2.4 0L9.6 13c-1.8 2-5.6 1-5.8-2z',
      '#fcc419',
      '#b37700',
    ),
    stroke('M1.6 9.6c.2 2 .8 3.4 2 4.4', '#868e96', 1.1),
  ],
  mega: [
    path('M2 6.4l9.4-4.2v9.6L2 8.8z', '#f06595', '#a61e4d'),
    stroke('M4.4 9.8l1 4h1.8l-.8-3.4M13.2 5l1.6-.8M13.4 7.2h1.8M13.2 9.2l1.6.8', '#a61e4d', 1.2),
  ],
  mag_right: [
    ['circle', { cx: 6.4, cy: 6.4, r: 4.4, fill: '#e7f5ff', stroke: '#495057', 'stroke-width': 1.6 }],
    stroke('M9.8 9.8l4.4 4.4', '#495057', 2.4),
  ],
  ice_cube: [
    path('M8 1.4l6 3v7.2l-6 3-6-3V4.4z', '#a5d8ff', '#339af0'),
    stroke('M2.4 4.6L8 7.4l5.6-2.8M8 7.4v6.8', '#339af0', 1.1),
  ],
  mostly_sunny: [
    ['circle', { cx: 8, cy: 8, r: 3.4, fill: '#fcc419' }],
    stroke(
      'M8 1.4v1.8M8 12.8v1.8M1.4 8h1.8M12.8 8h1.8M3.4 3.4l1.2 1.2M11.4 11.4l1.2 1.2M12.6 3.4l-1.2 1.2M4.6 11.4l-1.2 1.2',
      '#f2a900',
      1.4,
    ),
  ],
  next_track_button: [
    tile('#1971c2'),
    path('M3.4 4.6L7.6 8l-4.2 3.4zM7.6 4.6L11.8 8l-4.2 3.4z', '#ffffff'),
    stroke('M12.4 4.8v6.4', '#ffffff', 1.4),
  ],
  large_green_circle: disc('#2f9e44'),
  large_yellow_circle: disc('#fab005'),
  large_orange_circle: disc('#f76707'),
  large_blue_circle: disc('#1971c2'),
  red_circle: disc('#e03131'),
  white_circle: [['circle', { cx: 8, cy: 8, r: 6.4, fill: '#ffffff', stroke: '#adb5bd' }]],
  black_circle: disc('#343a40'),
};

/** Characters that are drawn too when they are written as such. */
const BY_CHARACTER = new Map(Object.keys(SHAPES).map((name) => [EMOJI[name].replace('\ufe0f', ''), name]));

/** A drawn emoji, or undefined. */
export function emojiShape(name) {
  const shape = SHAPES[name];
  if (!shape) return undefined;
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('aria-hidden', 'true');
  for (const [tag, attributes] of shape) {
    const part = document.createElementNS('http://www.w3.org/2000/svg', tag);
    for (const [key, value] of Object.entries(attributes)) part.setAttribute(key, String(value));
    svg.append(part);
  }
  return el('span', { class: 'emoji', role: 'img', 'aria-label': name.replaceAll('_', ' ') }, svg);
}

const TOKEN = new RegExp(`:([a-z0-9_+'-]+):|(${[...BY_CHARACTER.keys()].join('|')})\ufe0f?`, 'gu');

/** Text whose emoji are shown: as characters, and `:name:` too unless `names` is false. */
export function emojiNodes(text, { names = true } = {}) {
  const nodes = [];
  let at = 0;
  for (const match of text.matchAll(TOKEN)) {
    if (match[1] && !names) continue;
    const name = match[1] ?? BY_CHARACTER.get(match[2]);
    const shown = emojiShape(name) ?? EMOJI[name];
    if (!shown) continue;
    nodes.push(text.slice(at, match.index), shown);
    at = match.index + match[0].length;
  }
  nodes.push(text.slice(at));
  return nodes.filter((node) => node !== '');
}
