import { BlockList, isIP } from 'node:net';

const local = new BlockList();
local.addSubnet('10.0.0.0', 8, 'ipv4');
local.addSubnet('172.16.0.0', 12, 'ipv4');
local.addSubnet('192.168.0.0', 16, 'ipv4');
local.addSubnet('169.254.0.0', 16, 'ipv4');
local.addSubnet('fc00::', 7, 'ipv6');
local.addSubnet('fe80::', 10, 'ipv6');

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

const linkLocal6 = new BlockList();
linkLocal6.addSubnet('fe80::', 10, 'ipv6');

/** An address of this machine itself. */
export const isLoopback = (address: string): boolean => isIn(loopback, address);

/** Private, link-local or loopback: an address that leads nowhere else in the world. False for what is no address. */
export const isLocalAddress = (address: string): boolean => isIn(local, address) || isLoopback(address);

/** Can stand in a URL: a link-local address of IPv6 means nothing without its interface, which a URL cannot name. */
export const isUsableInUrl = (address: string): boolean => !isIn(linkLocal6, address);

function isIn(list: BlockList, address: string): boolean {
  const family = isIP(address);
  // An IPv4 address in IPv6 clothes would be judged by other rules than its connection.
  if (family === 0 || address.includes('%') || /^::ffff:/i.test(address)) return false;
  return list.check(address, family === 6 ? 'ipv6' : 'ipv4');
}
