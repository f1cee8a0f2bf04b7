import type { Paint } from './paint.ts';
import { padEnd, padStart, truncate, widthOf } from './text-width.ts';

export interface Column<Row> {
  readonly title: string;
  /** Uncoloured, safe text of one line. */
  cell(row: Row): string;
  /** Colours the cell after it was cut and padded. */
  paint?(text: string, row: Row): string;
  readonly align?: 'end';
  /** May be cut down to this many columns when the table is too wide; columns without it keep their width. */
  readonly shrinkTo?: number;
}

const gap = '  ';

/** Rows under dim titles, as wide as the paint allows; columns without any content are left out. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], paint: Paint): readonly string[] {
  const cells = columns.map((column) => rows.map((row) => column.cell(row)));
  const used = columns.flatMap((column, index) => {
    const texts = cells[index] ?? [];
    return texts.every((text) => text === '') ? [] : [{ column, texts }];
  });
  const widths = fit(
    used.map(({ column, texts }) => ({
      width: Math.max(widthOf(column.title), ...texts.map(widthOf)),
      least: column.shrinkTo === undefined ? undefined : Math.max(column.shrinkTo, widthOf(column.title)),
    })),
    paint.width,
  );
  const place = (text: string, index: number, align: 'end' | undefined): string => {
    const width = widths[index] ?? 0;
    const cut = truncate(text, width);
    if (align === 'end') return padStart(cut, width);
    return index === used.length - 1 ? cut : padEnd(cut, width);
  };
  const titles = used.map(({ column }, index) => place(column.title, index, column.align)).join(gap);
  const lines = rows.map((row, line) =>
    used
      .map(({ column, texts }, index) => {
        const text = place(texts[line] ?? '', index, column.align);
        return column.paint?.(text, row) ?? text;
      })
      .join(gap)
      .trimEnd(),
  );
  return [paint.colour('dim', titles.trimEnd()), ...lines];
}

interface Wish {
  readonly width: number;
  readonly least: number | undefined;
}

/** Takes the missing columns from the widest column that may shrink, one by one. */
function fit(wishes: readonly Wish[], available: number): readonly number[] {
  const widths = wishes.map(({ width }) => width);
  let excess = widths.reduce((sum, width) => sum + width, gap.length * (widths.length - 1)) - available;
  while (excess > 0) {
    const candidates = widths.flatMap((width, index) => (width > (wishes[index]?.least ?? width) ? [index] : []));
    const widest = candidates.toSorted((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0))[0];
    if (widest === undefined) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess -= 1;
  }
  return widths;
}

/**
 * `label  value` lines with aligned values; pairs without a value are left out, further lines of a value are indented.
 */
export function fields(
  pairs: readonly (readonly [label: string, value: string | undefined])[],
  paint: Paint,
): readonly string[] {
  const shown = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== undefined && pair[1] !== '');
  const width = Math.max(0, ...shown.map(([label]) => widthOf(label)));
  return shown.flatMap(([label, value]) => {
    const [first = '', ...rest] = value.split('\n');
    const indent = ' '.repeat(width + gap.length);
    return [`${paint.colour('dim', padEnd(label, width))}${gap}${first}`, ...rest.map((line) => indent + line)];
  });
}
