/** Permits as whoever holds one reads them. */
import { decodeJwt } from 'jose';
import { passed } from './eventually.ts';

/** Until a permit's time is over. */
export const expired = (permit: string): Promise<true> => passed((decodeJwt(permit).exp ?? 0) * 1000);
