import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { safeFileName } from './safe-file-name.ts';

describe('safeFileName', () => {
  it.each([
    ['report.pdf', 'report.pdf'],
    ['../../etc/passwd', 'passwd'],
    [String.raw`C:\Windows\system32\cmd.exe`, 'cmd.exe'],
    ['/etc/cron.d/job', 'job'],
    ['.bashrc', 'bashrc'],
    ['-rf', 'rf'],
    ['..', 'attachment-1'],
    ['', 'attachment-1'],
    ['a\u0000b\u001b[31m.txt', 'a_b__31m.txt'],
    ['CON.txt', 'attachment-1'],
    ['gr\u202eepj.txt', 'gr_epj.txt'],
    ['Grüße 你好 (2).txt', 'Grüße 你好 (2).txt'],
    ['trailing. ', 'trailing'],
  ])('makes of %j the name %j', (name, safe) => {
    expect(safeFileName(name, 0)).toBe(safe);
  });

  it('keeps the ending of a name that is too long', () => {
    const name = safeFileName(`${'a'.repeat(300)}.tar`, 0);
    expect(name).toHaveLength(100);
    expect(name.endsWith('.tar')).toBe(true);
  });

  it('is never a path, hidden, an option or empty, whatever the peer wrote', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const name = safeFileName(text, 4);
        expect(name).toMatch(/^[\p{L}\p{N}(][\p{L}\p{N}._\-() ]*$/u);
        expect(name.length).toBeLessThanOrEqual(100);
      }),
      { numRuns: 500 },
    );
  });
});
