import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson5 } from './json5.ts';
import { valueAt, withoutValue, withValue } from './json5-edit.ts';

const value = (text: string): unknown => parseJson5(text).value;

const owners = `// of its owner
{
  gateway: { port: 18789, auth: { mode: 'token', token: "s", }, }, // here
  /* more */
  "agents": { defaults: { skills: ['a', "b",], }, },
}
`;

describe('openclaw.json as people write it', () => {
  it('is read with comments, plain keys, trailing commas, and all kinds of strings and numbers', () => {
    expect(value(owners)).toEqual({
      gateway: { port: 18789, auth: { mode: 'token', token: 's' } },
      agents: { defaults: { skills: ['a', 'b'] } },
    });
    expect(value(String.raw`['\x41é\'\n', "\u0041", +1, -.5, 0x10, 1e3, Infinity, null, true, ]`)).toEqual([
      "Aé'\n",
      'A',
      1,
      -0.5,
      16,
      1000,
      Infinity,
      null,
      true,
    ]);
    expect(value('"a\\\nb"')).toBe('ab');
    expect(value('\ufeff{}')).toEqual({});
    expect(Object.keys(value('{"__proto__": 1, $a_1: 2}') as object)).toEqual(['__proto__', '$a_1']);
  });

  it('is what JSON is, whatever stands in it', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), fc.constantFrom(undefined, 2), (any, indent) => {
        const text = JSON.stringify(any, undefined, indent);
        expect(JSON.stringify(value(text))).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  it.each([
    '',
    '{',
    '{a}',
    '{a:}',
    '[1 2]',
    '{a:1 b:2}',
    'tru',
    '"a',
    '{"a":1}}',
    '/* ',
    '[,]',
    '01x',
    '['.repeat(500),
  ])('and a text that is none is refused with its line, and nothing of it: %s', (text) => {
    expect(() => value(`\n\n${text}`)).toThrow(/^line \d+ cannot be read$/);
  });
});

describe('a change of it', () => {
  it('leaves all the rest as it was', () => {
    expect(withValue(owners, ['gateway', 'port'], 1)).toBe(owners.replace('18789', '1'));
    const added = withValue(owners, ['hooks', 'enabled'], true) ?? '';
    expect(added).toBe(owners.replace('{\n  gateway', '{\n  "hooks": {\n    "enabled": true\n  },\n  gateway'));
    const deeper = withValue(added, ['hooks', 'token'], 't') ?? '';
    expect(value(deeper)).toMatchObject({ hooks: { enabled: true, token: 't' } });
    expect(deeper).toContain('// of its owner');
    expect(value(withValue(owners, ['gateway', 'auth', 'extra'], [1]) ?? '')).toMatchObject({
      gateway: { port: 18789, auth: { token: 's', extra: [1] } },
    });
    expect(value(withValue('{}', ['a', 'b'], 1) ?? '')).toEqual({ a: { b: 1 } });
    expect(withValue('{"a": 1}', ['a', 'b'], 1)).toBeUndefined();
    expect(withValue('[]', ['a'], 1)).toBeUndefined();
  });

  it('can be taken out again, with what it leaves empty', () => {
    const once = withValue(owners, ['hooks', 'enabled'], true) ?? '';
    const twice = withValue(once, ['hooks', 'token'], 't') ?? '';
    expect(withoutValue(withoutValue(twice, ['hooks', 'token']), ['hooks', 'enabled'])).toBe(owners);
    expect(value(withoutValue('{a: 1, b: {c: 2, d: 3,},}', ['b', 'd']))).toEqual({ a: 1, b: { c: 2 } });
    expect(value(withoutValue('{a: 1, b: {c: 2}}', ['b', 'c'], 1))).toEqual({ a: 1, b: {} });
    expect(withoutValue(owners, ['nothing', 'here'])).toBe(owners);
  });

  it('holds for any path and value', () => {
    const key = fc.string({ minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(
        fc.array(key, { minLength: 1, maxLength: 3 }),
        fc.jsonValue(),
        fc.jsonValue(),
        (path, before, after) => {
          const text = JSON.stringify({ before, 'b\n': [1] }, undefined, 2);
          const changed = withValue(text, path, after);
          if (changed === undefined) return;
          expect(JSON.stringify(valueAt(value(changed), path))).toBe(JSON.stringify(after));
          if (valueAt(JSON.parse(text), path.slice(0, 1)) === undefined)
            expect(value(withoutValue(changed, path))).toEqual(JSON.parse(text));
        },
      ),
    );
  });
});
