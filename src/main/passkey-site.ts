/** Where passkeys are made and used. */
import type { PasskeySite } from '../engine/deps.ts';

/**
 * The site of an address, or null where browsers make no passkeys: the origin has to be `https:`, or on `localhost`, and its host a name
 * (WebAuthn level 3, sections 5.1.3 and 13.4.9). A loopback address becomes `localhost`, under which people open it.
 */
export function siteOf(address: string): PasskeySite | null {
  const url = new URL(address);
  if (url.hostname === '127.0.0.1' || url.hostname === '[::1]') url.hostname = 'localhost';
  const { hostname, origin, protocol } = url;
  const isLocal = hostname === 'localhost' || hostname.endsWith('.localhost');
  const isAddress = hostname.startsWith('[') || /^[0-9.]+$/.test(hostname);
  return isAddress || (protocol !== 'https:' && !isLocal) ? null : { origin, rpId: hostname };
}
