import type { VectorFile } from './seeds.ts';
import { refusedWith } from './wire-values.ts';

const path = 'path=/agent-mesh/discovery';
const long = `note=${'x'.repeat(249)}`;
const many = Array.from({ length: 17 }, (_, index) => index + 1).join(',');

export const lanTextVectors: VectorFile = {
  spec: 'spec/06-links.md 6.11',
  description: 'Strings of the TXT record by which nodes are found on the local network, and what they mean.',
  valid: [
    { name: 'two versions', strings: ['v=1,2', path], versions: [1, 2] },
    {
      name: 'another order and a key that is not known',
      strings: [path, 'motto=hello', 'v=2'],
      versions: [2],
      oneWay: true,
    },
    { name: 'keys in capitals', strings: ['V=1', 'PATH=/agent-mesh/discovery'], versions: [1], oneWay: true },
    { name: 'a key twice, of which the first counts', strings: ['v=1', path, 'v=9'], versions: [1], oneWay: true },
    {
      name: 'strings without a key, without a value and empty ones',
      strings: ['=x', 'v=1', 'on', '', path],
      versions: [1],
      oneWay: true,
    },
    {
      name: 'as many bytes as there may be',
      strings: ['v=1', path, long, 'x'.repeat(225)],
      versions: [1],
      oneWay: true,
    },
  ],
  invalid: refusedWith('MALFORMED', [
    { name: 'nothing', strings: [] },
    { name: 'no path', strings: ['v=1'] },
    { name: 'another path', strings: ['v=1', 'path=/cgi-bin/reboot'] },
    { name: 'a path on another host', strings: ['v=1', 'path=//example.com/agent-mesh/discovery'] },
    { name: 'no versions', strings: [path] },
    { name: 'empty versions', strings: ['v=', path] },
    { name: 'versions that are no numbers', strings: ['v=1,x', path] },
    { name: 'version 0', strings: ['v=0', path] },
    { name: 'a version that is too high', strings: ['v=65536', path] },
    { name: '17 versions', strings: [`v=${many}`, path] },
    { name: 'one byte too much', strings: ['v=1', path, long, 'x'.repeat(226)] },
  ]),
};
