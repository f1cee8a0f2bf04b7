import { describe, expect, test } from 'vitest';
import { exampleNames, promisedBy, runExample } from './run-example.ts';

describe('1.22: the examples', () => {
  test('are those that are promised', () => {
    expect(exampleNames()).toEqual([
      'behind-nat.ts',
      'coordinator.ts',
      'llm-pipeline.ts',
      'network-hub.ts',
      'persistent-keys.ts',
      'request-and-answer.ts',
      'simple-chat.ts',
      'worker-pool.ts',
    ]);
  });

  test.each(exampleNames())('1.22: %s runs to its end and prints what it says', async (name) => {
    const { code, printed, promised, errors } = await runExample(name);
    expect(errors).toBe('');
    expect(printed).toBe(promised);
    expect(code).toBe(0);
  });

  test('have to say what they print', () => {
    expect(promisedBy('x();\n\n// Prints:\n// one\n//  two\n')).toBe('one\n two\n');
    expect(() => promisedBy('x();\n')).toThrow('does not end with a comment');
  });
});
