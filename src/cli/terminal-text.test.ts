import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonText, visible, visibleBlock } from './terminal-text.ts';

// oxlint-disable-next-line no-control-regex -- this is what must not come out
const control = /[\u0000-\u001f\u007f-\u009f]/;
const anyText = fc.string({ unit: 'binary', maxLength: 40 });

describe('visible', () => {
  it('never lets a control character through', () => {
    fc.assert(
      fc.property(anyText, (text) => !control.test(visible(text))),
      { numRuns: 300 },
    );
  });

  it('leaves ordinary text of any script as it is', () => {
    for (const text of ['hello, world', 'Grüße', '你好', 'здравствуй', 'مرحبا', '👩‍👩‍👧 family', 'na\u0301ive'])
      expect(visible(text)).toBe(text);
  });

  it('shows half a surrogate pair, which no terminal can', () => {
    expect(visible('a\ud800b')).toBe(String.raw`a\u{d800}b`);
  });
});

describe('visibleBlock', () => {
  it('keeps line feeds, and makes tabs and CRLF of them harmless', () => {
    expect(visibleBlock('a\r\n\tb\rc\n')).toBe('a\n    b\\rc\n');
  });
});

describe('jsonText', () => {
  it('parses to the same value and holds no control character but line feeds between tokens', () => {
    fc.assert(
      fc.property(fc.dictionary(anyText, anyText), (value) => {
        const text = jsonText(value, 2);
        expect(text.replaceAll('\n', '')).not.toMatch(control);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { numRuns: 200 },
    );
  });

  it('writes null for what JSON cannot say', () => {
    expect(jsonText(undefined)).toBe('null');
  });
});
