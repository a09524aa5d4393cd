import type { IncomingMessage } from 'node:http';

/** Headers of a proxy: what comes through one comes from somewhere else, whatever the socket says. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-real-ip'];

/**
 * True for a request of this very machine. The socket's address counts, never a header: `Host: localhost` can be sent from anywhere,
 * and whoever reaches the sandbox acts in it as anybody.
 */
export function isFromHere({ socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>): boolean {
  return isLoopbackAddress(socket.remoteAddress) && !FORWARDED.some((name) => headers[name] !== undefined);
}

/** 127.0.0.0/8 and ::1, also as Node writes the former on a socket that serves both. */
export function isLoopbackAddress(address: string | undefined): boolean {
  return address !== undefined && /^(::1|(::ffff:)?127(\.\d{1,3}){3})$/i.test(address);
}
