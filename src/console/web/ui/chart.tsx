/** Bar charts, each with a table of the same figures, so that nothing is only visual. */
import { scaleBand, scaleLinear } from 'd3-scale';
import type { Tone } from '../view/tones.ts';

export interface Bar {
  label: string;
  value: number;
  /** The text in the table; the number by default. */
  text?: string;
  tone?: Tone;
}

const ROW = 26;
/** Percent of the width, so that words keep their size however wide the chart is. */
const LABEL = 34;
const GAP = 1.5;
const BARS = 52;

const cut = (label: string): string => (label.length > 18 ? `${label.slice(0, 17)}…` : label);

export function BarChart({ title, unit, bars }: { title: string; unit: string; bars: readonly Bar[] }) {
  const height = Math.max(bars.length, 1) * ROW;
  const y = scaleBand<number>()
    .domain(bars.map((_, at) => at))
    .range([0, height])
    .padding(0.28);
  const x = scaleLinear()
    .domain([0, Math.max(1, ...bars.map(({ value }) => value))])
    .range([0, BARS]);
  return (
    <figure class="chart stack-s">
      <h2>{title}</h2>
      <svg width="100%" height={height} aria-hidden="true">
        {bars.map(({ label, value, text, tone }, at) => {
          const top = y(at) ?? 0;
          const middle = top + y.bandwidth() / 2;
          return (
            <g key={label}>
              <text class="axis" x={`${LABEL - GAP}%`} y={middle} text-anchor="end" dominant-baseline="central">
                {cut(label)}
              </text>
              <rect
                class="bar"
                data-tone={tone}
                x={`${LABEL}%`}
                y={top}
                width={`${Math.max(x(value), value > 0 ? 0.4 : 0)}%`}
                height={y.bandwidth()}
                rx="3"
              />
              <text class="axis" x={`${LABEL + x(value) + GAP}%`} y={middle} dominant-baseline="central">
                {text ?? value.toLocaleString('en')}
              </text>
            </g>
          );
        })}
      </svg>
      <details>
        <summary class="faint">As a table</summary>
        <table>
          <caption class="visually-hidden">{title}</caption>
          <thead>
            <tr>
              <th scope="col">{title}</th>
              <th scope="col" class="num">
                {unit}
              </th>
            </tr>
          </thead>
          <tbody>
            {bars.map(({ label, value, text }) => (
              <tr key={label}>
                <th scope="row">{label}</th>
                <td class="num">{text ?? value.toLocaleString('en')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}
