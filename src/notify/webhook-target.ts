/** Restricts where webhooks may go. A requester names the address, and it must not lead into our own network. */
import { BlockList, isIP, isIPv4 } from 'node:net';

/**
 * `public`: over TLS, to addresses of the public internet. `loopback`: to this machine as well, in clear too, for local use. `private`:
 * to private networks as well. Link-local addresses, where clouds serve credentials, never.
 */
export const WEBHOOK_TARGETS = ['public', 'loopback', 'private'] as const;
export type WebhookTargets = (typeof WEBHOOK_TARGETS)[number];

type Reach = 'public' | 'loopback' | 'private' | 'never';

function blockList(v4: string[], v6: string[]): BlockList {
  const blocks = new BlockList();
  const add = (type: 'ipv4' | 'ipv6') => (range: string) => {
    const [net = '', prefix = ''] = range.split('/');
    blocks.addSubnet(net, Number(prefix), type);
  };
  v4.forEach(add('ipv4'));
  v6.forEach(add('ipv6'));
  return blocks;
}

const LOOPBACK = blockList(['127.0.0.0/8'], ['::1/128']);
const PRIVATE = blockList(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'], ['fc00::/7']);
/** IANA's special-purpose registries, and what clouds serve to their own machines only. */
const BLOCKED = blockList(
  [
    '0.0.0.0/8',
    '169.254.0.0/16',
    '192.0.0.0/24',
    '192.0.2.0/24',
    '192.88.99.0/24',
    '198.18.0.0/15',
    '198.51.100.0/24',
    '203.0.113.0/24',
    '224.0.0.0/4',
    '240.0.0.0/4',
    '100.100.100.200/32',
    '168.63.129.16/32',
  ],
  [
    '::/128',
    '64:ff9b::/96',
    '64:ff9b:1::/48',
    '100::/64',
    '2001::/23',
    '2001:db8::/32',
    '2002::/16',
    '3fff::/20',
    '5f00::/16',
    'fd00:ec2::254/128',
    'fd20:ce::254/128',
    'fe80::/10',
    'fec0::/10',
    'ff00::/8',
  ],
);

/** The scope of an address. An IPv4 address written as IPv6 counts as IPv4. */
export function reachOf(address: string): Reach {
  const plain = /%/.test(address) ? 'never' : address;
  const mapped = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(plain)?.[1];
  const ip = mapped ?? plain;
  if (isIP(ip) === 0) return 'never';
  const type = isIPv4(ip) ? 'ipv4' : 'ipv6';
  // `::ffff:a00:1` and the deprecated `::10.0.0.1`. No server needs these forms.
  if (type === 'ipv6' && EMBEDDED.check(ip, 'ipv6') && !LOOPBACK.check(ip, 'ipv6')) return 'never';
  if (BLOCKED.check(ip, type)) return 'never';
  if (LOOPBACK.check(ip, type)) return 'loopback';
  return PRIVATE.check(ip, type) ? 'private' : 'public';
}
const EMBEDDED = blockList([], ['::/96', '::ffff:0:0/96', '::ffff:0:0:0/96']);

/** Host of a URL without the brackets of an IPv6 address. */
export const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '');

/**
 * Why a webhook may not go to this URL, judged by the URL alone; null if it may, subject to the addresses of its name.
 *
 * The message goes to the author of the URL, and repeats nothing of it, because it may hold a secret.
 */
export function faultOfTarget(url: URL, targets: WebhookTargets): string | null {
  if (url.username !== '' || url.password !== '') return 'a webhook URL holds no user and no password';
  const host = hostOf(url).toLowerCase().replace(/\.$/, '');
  const named = isIP(host) === 0;
  const local = host === 'localhost' || host.endsWith('.localhost');
  const reachOfName: Reach = local ? 'loopback' : 'public';
  const reach = named ? reachOfName : reachOf(host);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'a webhook goes over https';
  if (url.protocol === 'http:' && named && !local && targets !== 'private') return 'a webhook goes over https';
  if (url.protocol === 'http:' && reach === 'public' && !named) return 'a webhook goes over https';
  return reachable(reach, targets) ? null : 'a webhook goes to a public address only';
}

/** Why a webhook may not go to one of the addresses that a name leads to; null when it may go to all of them. */
export function faultOfAddresses(url: URL, addresses: readonly string[], targets: WebhookTargets): string | null {
  if (addresses.length === 0) return 'the name of the webhook leads to no address';
  const reaches = addresses.map(reachOf);
  if (reaches.some((reach) => !reachable(reach, targets)))
    return 'the name of the webhook leads to an address that is not public';
  return url.protocol === 'http:' && reaches.includes('public') ? 'a webhook goes over https' : null;
}

function reachable(reach: Reach, targets: WebhookTargets): boolean {
  switch (reach) {
    case 'public':
      return true;
    case 'loopback':
      return targets !== 'public';
    case 'private':
      return targets === 'private';
    case 'never':
      return false;
  }
}
