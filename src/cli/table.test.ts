import { describe, expect, it } from 'vitest';
import { createPaint } from './paint.ts';
import { fields, table, type Column } from './table.ts';
import { padEnd, truncate, widthOf, wrap } from './text-width.ts';

const paint = (width: number) => createPaint({ colours: false, width, now: 0, offsetMinutes: () => 0 });
interface Row {
  readonly name: string;
  readonly text: string;
  readonly empty: string;
}
const columns: readonly Column<Row>[] = [
  { title: 'NAME', cell: ({ name }) => name },
  { title: 'EMPTY', cell: ({ empty }) => empty },
  { title: 'TEXT', cell: ({ text }) => text, shrinkTo: 6 },
];
const rows: readonly Row[] = [
  { name: 'bob', text: 'a rather long text', empty: '' },
  { name: '你好', text: 'short', empty: '' },
];

describe('table', () => {
  it('aligns columns by the width on a terminal and leaves out columns without content', () => {
    expect(table(columns, rows, paint(80))).toEqual(['NAME  TEXT', 'bob   a rather long text', '你好  short']);
  });

  it('cuts the columns that may shrink, down to their least width', () => {
    expect(table(columns, rows, paint(16))).toEqual(['NAME  TEXT', 'bob   a rather …', '你好  short']);
    expect(table(columns, rows, paint(5))[1]).toBe('bob   a rat…');
  });

  it('colours after it has cut, so that widths stay true', () => {
    const coloured = createPaint({ colours: true, width: 12, now: 0, offsetMinutes: () => 0 });
    const red: Column<Row> = {
      title: 'TEXT',
      cell: ({ text }) => text,
      paint: (text) => coloured.colour('red', text),
      shrinkTo: 4,
    };
    expect(table([red], rows, coloured)[1]).toBe('\u001b[31ma rather lo…\u001b[39m');
  });
});

describe('fields', () => {
  it('leaves out what is not known and indents further lines', () => {
    const lines = fields(
      [
        ['name', 'bob'],
        ['nothing', undefined],
        ['addresses', 'one\ntwo'],
      ],
      paint(80),
    );
    expect(lines).toEqual(['name       bob', 'addresses  one', '           two']);
  });
});

describe('text width', () => {
  it('counts wide characters twice, combining ones and colours not at all', () => {
    expect(['abc', '你好', 'e\u0301', '\u001b[1mab\u001b[22m', '👍'].map(widthOf)).toEqual([3, 4, 1, 2, 2]);
  });

  it('cuts so that the mark fits', () => {
    expect([truncate('你好你好', 5), truncate('abc', 3), truncate('abcd', 3)]).toEqual(['你好…', 'abc', 'ab…']);
    expect(padEnd('你', 4)).toBe('你  ');
  });

  it('breaks at spaces only', () => {
    expect(wrap('one two three', 8)).toEqual(['one two', 'three']);
    expect(wrap('unbreakable x', 4)).toEqual(['unbreakable', 'x']);
  });
});
