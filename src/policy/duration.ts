const UNIT_MS = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
} as const;

/** A whole number and a unit: `90s`, `15m`, `4h`, `2d`, `1w`, `7y`. A day is 24 hours, a year 365 days. */
export const DURATION_PATTERN = /^([1-9][0-9]{0,4})(s|m|h|d|w|y)$/;

/** Milliseconds of a duration as policy writes it, or null when it is not one. */
export function parseDuration(text: string): number | null {
  const match = DURATION_PATTERN.exec(text);
  if (match === null) return null;
  return Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS];
}

/** The shortest way to write a number of milliseconds in a sentence: `15 minutes`. */
export function describeDuration(ms: number): string {
  const words: [string, number][] = [
    ['year', UNIT_MS.y],
    ['week', UNIT_MS.w],
    ['day', UNIT_MS.d],
    ['hour', UNIT_MS.h],
    ['minute', UNIT_MS.m],
    ['second', UNIT_MS.s],
  ];
  for (const [word, unit] of words) {
    if (ms >= unit && ms % unit === 0) return `${ms / unit} ${word}${ms === unit ? '' : 's'}`;
  }
  return `${ms} milliseconds`;
}
