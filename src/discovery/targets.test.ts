import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultLimits, MeshError, toMeshError } from '#kernel';
import { parseBaseUrl } from './base-url.ts';
import { expandTargets } from './targets.ts';

const expand = (...targets: readonly string[]): readonly string[] => expandTargets(targets, defaultLimits);

function refusal(...targets: readonly string[]): MeshError {
  try {
    expand(...targets);
  } catch (error) {
    return toMeshError(error);
  }
  return new MeshError('INTERNAL', 'nothing was refused');
}

describe('scan targets', () => {
  it('are addresses as they stand, each once', () => {
    expect(expand('http://a:1', 'https://b.example/mesh/', 'http://a:1/')).toEqual([
      'http://a:1',
      'https://b.example/mesh',
    ]);
  });

  it('are http on port 8787 unless they say otherwise', () => {
    expect(expand('10.0.0.5', 'host:99', '[::1]', '[::1]:7', 'http://host', 'localhost')).toEqual([
      'http://10.0.0.5:8787',
      'http://host:99',
      'http://[::1]:8787',
      'http://[::1]:7',
      'http://host',
      'http://localhost:8787',
    ]);
  });

  it('are made from number ranges', () => {
    expect(expand('http://10.0.0.{1..3}:8787')).toEqual([
      'http://10.0.0.1:8787',
      'http://10.0.0.2:8787',
      'http://10.0.0.3:8787',
    ]);
    expect(expand('10.0.0.{1..254}:8787')).toHaveLength(254);
  });

  it('keep the zeros of padded ranges', () => {
    expect(expand('http://pi{08..11}:1')).toEqual(['http://pi08:1', 'http://pi09:1', 'http://pi10:1', 'http://pi11:1']);
    expect(expand('http://pi{0..1}:1')).toEqual(['http://pi0:1', 'http://pi1:1']);
    expect(expand('http://pi{1..010}:1')[0]).toBe('http://pi001:1');
  });

  it('are made from lists, and from several templates in one', () => {
    expect(expand('http://{red,blue-2}.example:{1..2}')).toEqual([
      'http://red.example:1',
      'http://red.example:2',
      'http://blue-2.example:1',
      'http://blue-2.example:2',
    ]);
    expect(expand('http://h{1..2,9}:1')).toEqual(['http://h1:1', 'http://h2:1', 'http://h9:1']);
  });

  it('are the hosts of an IPv4 network, without its own address and that for all', () => {
    expect(expand('10.0.0.0/30:99')).toEqual(['http://10.0.0.1:99', 'http://10.0.0.2:99']);
    expect(expand('http://10.0.0.77/30')).toEqual(['http://10.0.0.77', 'http://10.0.0.78']);
    expect(expand('10.0.0.0/31:1', '10.0.0.9/32:1')).toEqual([
      'http://10.0.0.0:1',
      'http://10.0.0.1:1',
      'http://10.0.0.9:1',
    ]);
    const large = expand('192.168.255.255/16');
    expect([large.length, large[0], large.at(-1)]).toEqual([
      65_534,
      'http://192.168.0.1:8787',
      'http://192.168.255.254:8787',
    ]);
  });

  it('are counted before they are made', () => {
    const wide = refusal('10.0.0.0/8');
    expect(wide).toMatchObject({ code: 'INVALID_ARGUMENT', data: { count: 2 ** 24 - 2 } });
    expect(wide.message).toContain('16777214');
    expect(refusal('http://{1..999999999}.{1..999999999}.{1..999999999}.1').code).toBe('INVALID_ARGUMENT');
    expect(refusal('10.0.0.0/16', '10.1.0.0/24').data['count']).toBe(65_534 + 254);
    expect(refusal('0.0.0.0/0').data['count']).toBe(2 ** 32 - 2);
  });

  it('are refused when they are no address, range or list', () => {
    const wrong = [
      '',
      'http://',
      'ftp://x',
      'http://a b',
      'http://user@host',
      'http://host?x',
      'file:///etc/passwd',
      'http://host#x',
      'http://h{1..2',
      'http://h}1',
      'http://{a{1..2}}',
      'http://{}',
      'http://{x}',
      'http://{2..1}',
      'http://{a..b}',
      'http://{1..}',
      'http://{1..2..3}',
      'http://h:{99998..99999}',
      '10.0.0.0/33',
      '10.0.0.256/24',
      '10.0.0.0/24:99999',
    ];
    for (const target of wrong) expect([target, refusal(target).code]).toEqual([target, 'INVALID_ARGUMENT']);
  });

  it('of a range are as many as its numbers say', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(300), fc.constantFrom('', '0'), (first, more, zero) => {
        const urls = expand(`http://h{${zero}${first}..${first + more}}:1`);
        expect(urls).toHaveLength(more + 1);
        expect(new Set(urls.map((url) => Number(/h(\d+)/.exec(url)?.[1]))).size).toBe(more + 1);
      }),
      { numRuns: 50 },
    );
  });
});

describe('the address of a node', () => {
  it('loses only slashes at its end', () => {
    expect(parseBaseUrl('HTTP://Host.Example:80/a/b//')).toBe('http://host.example/a/b');
    expect(parseBaseUrl(parseBaseUrl('host'))).toBe('http://host:8787');
  });
});
