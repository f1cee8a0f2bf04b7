import { describe, expect, it } from 'vitest';
import { codeOf, defaultLimits, toUtf8 } from '#kernel';
import { parseAnswer } from './answer.ts';

const parse = (text: string) => parseAnswer(toUtf8(text), defaultLimits);

describe('what a program wrote', () => {
  it('is an answer with its parts when it is an answer object', () => {
    expect(parse('{"body":"2","subject":"sum","metadata":{"a":[1,null]}}')).toEqual({
      body: '2',
      subject: 'sum',
      metadata: { a: [1, null] },
    });
    expect(parse(' {"text":"two"}\n')).toEqual({ body: 'two' });
    const usage = { tokens: 1200, costUsd: 0.02 };
    expect(parse(JSON.stringify({ body: '2', usage }))).toEqual({ body: '2', usage });
  });

  it('is the text itself, without one final newline, when it is anything else', () => {
    for (const text of [
      'two',
      '',
      ' two ',
      '[1]',
      '"two"',
      '42',
      '{"body":2}',
      '{"body":"2","x":1}',
      '{"body":',
      '{}',
    ]) {
      expect(parse(`${text}\n`)).toEqual({ body: text });
    }
    expect(parse('two\n\n')).toEqual({ body: 'two\n' });
    expect(parse('two\r\n')).toEqual({ body: 'two' });
    expect(parse('{"text":"a","metadata":[]}').body).toContain('metadata');
    expect(parse('{"text":"a","subject":1}').body).toContain('subject');
    for (const usage of ['{"tokens":-1}', '{"tokens":"7"}', '{"hours":1}', '7'])
      expect(parse(`{"text":"a","usage":${usage}}`).body).toContain('usage');
  });

  it('fails when it does not fit a message or is not text', () => {
    const limits = { ...defaultLimits, maxMessageBytes: 20, maxSubjectCharacters: 5 };
    const codeFor = (bytes: Uint8Array): string => {
      try {
        parseAnswer(bytes, limits);
      } catch (error) {
        return codeOf(error);
      }
      return 'nothing was thrown';
    };
    expect(codeFor(toUtf8('x'.repeat(21)))).toBe('HANDLER_FAILED');
    expect(codeFor(toUtf8('{"body":"","subject":"short"}'))).toBe('nothing was thrown');
    expect(codeFor(toUtf8('{"body":"","subject":"longer"}'))).toBe('HANDLER_FAILED');
    expect(codeFor(Uint8Array.of(0xff, 0xfe))).toBe('HANDLER_FAILED');
    expect(codeFor(toUtf8('x'.repeat(20)))).toBe('nothing was thrown');
  });
});
