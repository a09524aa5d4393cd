/** The tone of a status or basis. Words beside every colour say the same. */

export type Tone = 'good' | 'warn' | 'bad' | 'human' | 'accent' | 'quiet';

const STATUS_TONES: Readonly<Record<string, Tone>> = {
  evaluating: 'quiet',
  supervised: 'accent',
  released: 'good',
  executed: 'good',
  failed: 'bad',
  skipped: 'quiet',
  unreported: 'warn',
  lapsed: 'quiet',
  refused: 'bad',
  expired: 'quiet',
  cancelled: 'quiet',
};

const BASIS_TONES: Readonly<Record<string, Tone>> = {
  rule: 'quiet',
  override: 'human',
  break_glass: 'bad',
  observe: 'warn',
};

export const statusTone = (status: string): Tone => STATUS_TONES[status] ?? 'quiet';
export const basisTone = (basis: string): Tone => BASIS_TONES[basis] ?? 'quiet';

/** `break_glass` reads "break glass". */
export const plainWord = (word: string): string => word.replaceAll('_', ' ');
