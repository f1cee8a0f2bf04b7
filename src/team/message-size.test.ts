import { describe, expect, it } from 'vitest';
import { codeThrownBy } from '../../test/support/code-thrown-by.ts';
import { sizeOf } from './message-size.ts';

const limits = { softBytes: 4096, hardBytes: 8192 };

describe('how long a message is', () => {
  it('is measured in bytes: over the soft limit it is warned of, over the hard one blocked', () => {
    expect(sizeOf('x'.repeat(4096), limits)).toEqual({ bytes: 4096 });
    expect(sizeOf('x'.repeat(4097), limits).warning).toContain('4097 bytes, over the soft limit of 4096');
    expect(sizeOf('x'.repeat(8192), limits).bytes).toBe(8192);
    expect(codeThrownBy(() => sizeOf('x'.repeat(8193), limits))).toBe('MESSAGE_TOO_LARGE');
    // Characters of three bytes.
    expect(sizeOf('語'.repeat(1365), limits)).toEqual({ bytes: 4095 });
    expect(codeThrownBy(() => sizeOf('語'.repeat(2731), limits))).toBe('MESSAGE_TOO_LARGE');
  });

  it.each(['', '  \n'])('is not at all for %j', (text) => {
    expect(codeThrownBy(() => sizeOf(text, limits))).toBe('INVALID_ARGUMENT');
  });
});
