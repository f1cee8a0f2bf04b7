import { describe, expect, test } from 'vitest';
import { type ErrorCode, errorTable, MeshError } from '#kernel';
import { fromErrorBody, toErrorBody } from './error-body.ts';

const codes = Object.keys(errorTable) as ErrorCode[];

describe('errors that travel', () => {
  test.each(codes)('%s comes back with its message, hint and data', (code) => {
    const error = new MeshError(code, 'what failed', { hint: 'what to do', data: { matches: ['a', 'b'] } });
    const back = fromErrorBody(JSON.parse(JSON.stringify(toErrorBody(error))), error.status);
    expect(back).toMatchObject({ code, message: 'what failed', hint: 'what to do', data: { matches: ['a', 'b'] } });
  });

  test('carry neither the stack nor the cause', () => {
    const error = new MeshError('INTERNAL', 'it broke', { cause: new Error('secret') });
    expect(JSON.stringify(toErrorBody(error))).toBe(
      JSON.stringify({ error: { code: 'INTERNAL', message: 'it broke', hint: errorTable.INTERNAL.hint, data: {} } }),
    );
  });

  test('keep a code that this version does not know in the data', () => {
    const back = fromErrorBody({ error: { code: 'FROM_THE_FUTURE', message: 'm', hint: 'h', data: { a: 1 } } }, 418);
    expect(back).toMatchObject({ code: 'INTERNAL', message: 'm', data: { code: 'FROM_THE_FUTURE', a: 1 } });
  });

  test.each([undefined, null, 'text', [], {}, { error: 'text' }, { error: null }])(
    'need a body of ours, not %j',
    (body) => {
      expect(fromErrorBody(body, 502)).toMatchObject({ code: 'INTERNAL', message: expect.stringContaining('502') });
    },
  );

  test.each(['toString', '__proto__', 7, null])('do not mistake %j for a code', (code) => {
    expect(fromErrorBody({ error: { code, data: 'x' } }, 500).code).toBe('INTERNAL');
  });
});
