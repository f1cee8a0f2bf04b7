import { MeshError } from '#kernel';

export interface IpRange {
  readonly count: number;
  /** `scheme://address:port` in the way it was written. */
  texts(): Iterable<string>;
}

const pattern = /^(https?:\/\/)?(\d{1,3}(?:\.\d{1,3}){3})\/(\d{1,2})(:\d{1,5})?\/?$/;

/**
 * The addresses of an IPv4 network in CIDR notation, without network and broadcast address for prefixes below 31;
 * undefined when the text is not one. Throws INVALID_ARGUMENT on an address or prefix that cannot be.
 */
export function parseRange(text: string): IpRange | undefined {
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [, scheme = '', address = '', prefixText = '', port = ''] = match;
  const octets = address.split('.').map(Number);
  const prefix = Number(prefixText);
  if (octets.some((octet) => octet > 255) || prefix > 32) {
    throw new MeshError('INVALID_ARGUMENT', `Not an IPv4 range: ${text}`, { hint: 'Write it like 10.0.0.0/24.' });
  }
  const size = 2 ** (32 - prefix);
  const start = octets.reduce((number, octet) => number * 256 + octet, 0);
  const network = Math.floor(start / size) * size;
  const skipped = prefix < 31 ? 1 : 0;
  return {
    count: size - 2 * skipped,
    *texts() {
      for (let number = network + skipped; number < network + size - skipped; number += 1) {
        yield `${scheme}${dotted(number)}${port}`;
      }
    },
  };
}

const dotted = (number: number): string =>
  [2 ** 24, 2 ** 16, 2 ** 8, 1].map((unit) => Math.floor(number / unit) % 256).join('.');
