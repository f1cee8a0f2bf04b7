import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EventStreamParser, type SentEvent } from './event-stream-parser.ts';

function parse(...pieces: readonly string[]): SentEvent[] {
  const parser = new EventStreamParser();
  return pieces.flatMap((piece) => parser.feed(piece));
}

describe('an event stream', () => {
  test.each([
    ['id: 1\nevent: x\ndata: {"a":1}\n\n', [{ id: '1', data: '{"a":1}' }]],
    ['data:no space\n\n', [{ id: '', data: 'no space' }]],
    ['data:  two spaces\n\n', [{ id: '', data: ' two spaces' }]],
    ['data: a\ndata: b\n\n', [{ id: '', data: 'a\nb' }]],
    ['data\n\n', [{ id: '', data: '' }]],
    [': heartbeat\n\n', []],
    ['id: 7\n\ndata: later\n\n', [{ id: '7', data: 'later' }]],
    [
      'id: 7\ndata: a\n\ndata: b\n\n',
      [
        { id: '7', data: 'a' },
        { id: '7', data: 'b' },
      ],
    ],
    ['id: 7\nid\ndata: a\n\n', [{ id: '', data: 'a' }]],
    ['id: 7\nid: 8\0\ndata: a\n\n', [{ id: '7', data: 'a' }]],
    ['retry: 10\nunknown: x\ndata: a: b\n\n', [{ id: '', data: 'a: b' }]],
    [
      'data: a\r\n\r\ndata: b\r\rdata: c\n\n',
      [
        { id: '', data: 'a' },
        { id: '', data: 'b' },
        { id: '', data: 'c' },
      ],
    ],
    ['\uFEFFdata: a\n\n', [{ id: '', data: 'a' }]],
    ['data: not complete\n', []],
  ])('%j', (text, events) => {
    expect(parse(text)).toEqual(events);
  });

  test('gives the same events wherever it is cut', () => {
    const piece = fc.constantFrom(
      'id: 1',
      'id',
      'data: x',
      'data:',
      ': c',
      'event: e',
      '\n',
      '\r',
      '\r\n',
      '\n\n',
      'ä',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), fc.array(fc.nat(100), { maxLength: 6 }), (pieces, cuts) => {
        // The end of the text is not the end of a line.
        const text = `${pieces.join('')}.`;
        const places = [0, ...cuts.map((cut) => Math.min(cut, text.length)).toSorted((a, b) => a - b), text.length];
        const cut = places.slice(1).map((end, index) => text.slice(places[index], end));
        expect(parse(...cut)).toEqual(parse(text));
      }),
      { numRuns: 300 },
    );
  });
});
