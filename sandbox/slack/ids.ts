import { randomBytes } from 'node:crypto';
import type { Clock } from './clock.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** A Slack-like id: `prefix` and ten upper-case letters or digits. */
export function newId(prefix: string): string {
  let id = prefix;
  for (const byte of randomBytes(10)) id += ALPHABET.charAt(byte % ALPHABET.length);
  return id;
}

/** `length` hexadecimal digits nobody can guess. */
export function secretHex(length: number): string {
  return randomBytes(Math.ceil(length / 2))
    .toString('hex')
    .slice(0, length);
}

/** Five characters, as Slack makes up for a missing `block_id` or `action_id`. */
export function shortId(): string {
  return randomBytes(4).toString('base64url').slice(0, 5);
}

/** Message timestamps (`seconds.microseconds`): unique and strictly rising, also over a restart. */
export class Timestamps {
  private last = 0n;
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** The next timestamp. */
  next(): string {
    const now = BigInt(Math.floor(this.clock.now())) * 1000n;
    this.last = now > this.last ? now : this.last + 1n;
    return format(this.last);
  }

  /** Makes sure that what follows is later than `ts`. */
  seen(ts: string): void {
    const micros = BigInt(ts.replace('.', ''));
    if (micros > this.last) this.last = micros;
  }
}

function format(micros: bigint): string {
  return `${String(micros / 1_000_000n)}.${String(micros % 1_000_000n).padStart(6, '0')}`;
}
