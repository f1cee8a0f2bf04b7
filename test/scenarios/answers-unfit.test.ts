import { afterEach, expect, test } from 'vitest';
import { MemoryStory } from '../support/memory-story.ts';
import { codeOfRejection } from '../support/story.ts';
import { handledBy, signal } from '../support/test-agents.ts';

let story = new MemoryStory();

afterEach(async () => {
  await story[Symbol.asyncDispose]();
  story = new MemoryStory();
});

test('an answer that no message can carry is a failure of the program, and stands in nobody’s way', async () => {
  const runtime = handledBy(({ message }) =>
    message.payload.body === 'too much'
      ? { body: 'here it is', metadata: { all: 'x'.repeat(200_000) } }
      : `echo ${message.payload.body}`,
  );
  const [alice] = await story.friends({ bob: { runtime, limits: { maxHandlerAttempts: 1 } } });
  const ask = (text: string) => alice.api.ask({ to: 'bob', text, timeoutMs: 20_000 }, { signal });
  expect(await codeOfRejection(ask('too much'))).toBe('HANDLER_FAILED');
  expect((await ask('ping')).answer.body).toBe('echo ping');
});
