import { BlockList } from 'node:net';
import { networkInterfaces } from 'node:os';
import { MeshError } from '#kernel';
import { isLocalAddress, isLoopback } from './local-address.ts';

const ownIPv4 = () =>
  Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ family }) => family === 'IPv4');

interface OwnAddress {
  readonly address: string;
}

/** Addresses of this machine in local networks. */
const inLocalNetworks = (own: readonly OwnAddress[] = ownIPv4()): readonly string[] =>
  own.map(({ address }) => address).filter((address) => isLocalAddress(address) && !isLoopback(address));

/** The address of this machine in the only local network that it is in; undefined when it is in several or none. */
export function onlyNetwork(own: readonly OwnAddress[] = ownIPv4()): string | undefined {
  const [first, ...others] = inLocalNetworks(own);
  return others.length === 0 ? first : undefined;
}

/** The network that an address of this machine belongs to. Throws LAN_UNAVAILABLE when it has no such address. */
export function networkOf(address: string): BlockList {
  const all = ownIPv4();
  const own = all.find((one) => one.address === address);
  if (own === undefined) {
    const has = all.length === 0 ? 'none' : all.map((one) => one.address).join(', ');
    throw new MeshError(
      'LAN_UNAVAILABLE',
      `This machine has no address ${address}, which mesh.toml names under [lan]`,
      {
        hint: `It has ${has}. Name one of them there, then: mesh down, mesh up --detach`,
      },
    );
  }
  const network = new BlockList();
  const prefix = own.netmask.split('.').reduce((bits, byte) => bits + onesIn(Number(byte)), 0);
  network.addSubnet(address, prefix, 'ipv4');
  return network;
}

const onesIn = (byte: number): number => byte.toString(2).replaceAll('0', '').length;

/** What the system refused, as an error with what can be done. */
export function lanUnavailable(cause: unknown, address: string | undefined): MeshError {
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : 'no network';
  const where = address === undefined ? 'the local network' : `the network of ${address}`;
  return new MeshError('LAN_UNAVAILABLE', `This machine cannot use multicast in ${where} (${code})`, {
    cause,
    hint: hintOf(code, address),
  });
}

function hintOf(code: string, address: string | undefined): string {
  if (code === 'EADDRINUSE') {
    return `Another program keeps UDP port 5353 for itself: let it share the port, or stop it. ${byAddress}`;
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return `The system or its firewall forbids it: allow UDP port 5353. ${byAddress}`;
  }
  const [other] = inLocalNetworks().filter((one) => one !== address);
  if (other === undefined) return `Connect it to a network. ${byAddress}`;
  const setting = `interface = "${other}" under [lan] in mesh.toml, then: mesh down, mesh up --detach`;
  return `Connect it to that network, or name the one that is meant: ${setting}`;
}

const byAddress = 'Or name addresses: mesh scan --range 192.168.1.0/24';
