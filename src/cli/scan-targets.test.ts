import { describe, expect, it } from 'vitest';
import { scanTargets } from './scan-targets.ts';

const targets = (query: Partial<Parameters<typeof scanTargets>[0]>) => scanTargets({ urls: [], port: 8787, ...query });

describe('scanTargets', () => {
  it('completes addresses without scheme and port', () => {
    expect(targets({ urls: ['10.0.0.7', 'host:9000', 'http://10.0.0.7:8787/', 'https://mesh.example'] })).toEqual([
      'http://10.0.0.7:8787',
      'http://host:9000',
      'https://mesh.example',
    ]);
  });

  it('expands a template with several ranges', () => {
    expect(targets({ template: 'http://10.0.{0..1}.{8..9}:8787' })).toEqual([
      'http://10.0.0.8:8787',
      'http://10.0.0.9:8787',
      'http://10.0.1.8:8787',
      'http://10.0.1.9:8787',
    ]);
  });

  it('takes the hosts of a network without its own and its broadcast address', () => {
    const hosts = targets({ range: '10.0.0.77/29', port: 9000 });
    expect(hosts[0]).toBe('http://10.0.0.73:9000');
    expect(hosts).toHaveLength(6);
    expect(targets({ range: '10.0.0.7/32' })).toEqual(['http://10.0.0.7:8787']);
    expect(targets({ range: '192.168.0.0/16' })).toHaveLength(65_534);
  });

  it.each([
    [{ range: '10.0.0.0/8' }, 'more than the 65536'],
    [{ range: '10.0.0.0' }, 'not an IPv4 network'],
    [{ range: '10.0.0.256/24' }, 'not an IPv4 network'],
    [{ range: '10.0.0.0/33' }, 'not an IPv4 network'],
    [{ template: 'http://10.0.0.1:8787' }, 'no range'],
    [{ template: 'http://10.0.0.{9..1}' }, 'no range'],
    [{ template: 'http://{1..99999}.{1..9}' }, 'more than the 65536'],
    [{ urls: ['ftp://host'] }, 'not the address of a node'],
    [{ urls: ['http://user:secret@host'] }, 'not the address of a node'],
    [{ urls: ['not an address'] }, 'not the address of a node'],
    [{}, 'no address'],
  ])('refuses %j', (query, problem) => {
    expect(() => targets(query)).toThrow(problem);
  });
});
