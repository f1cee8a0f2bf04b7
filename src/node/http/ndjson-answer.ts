import type { Logger } from '#kernel';
import { toErrorBody } from '#api';
import { presentable, securityHeaders } from './api-answers.ts';
import { ByteStream } from './byte-stream.ts';

export interface NdjsonOptions {
  readonly gone: AbortController;
  readonly logger: Logger;
  readonly where: string;
}

/**
 * One JSON document a line, as they come; an error on the way is the last line. Throws what comes before the first
 * document, so that it gets its own status.
 */
export async function ndjsonAnswer(documents: AsyncIterable<unknown>, options: NdjsonOptions): Promise<Response> {
  const iterator = documents[Symbol.asyncIterator]();
  const first = await firstOf(iterator, options);
  const stream = new ByteStream(options);
  void writeLines(stream, { iterator, first }, options);
  const headers = { ...securityHeaders, 'content-type': 'application/x-ndjson; charset=utf-8' };
  return new Response(stream.readable, { status: 200, headers });
}

async function firstOf(iterator: AsyncIterator<unknown>, { gone }: NdjsonOptions): Promise<IteratorResult<unknown>> {
  try {
    return await iterator.next();
  } catch (error) {
    gone.abort();
    throw error;
  }
}

interface Started {
  readonly iterator: AsyncIterator<unknown>;
  readonly first: IteratorResult<unknown>;
}

/** Never rejects. */
async function writeLines(stream: ByteStream, { iterator, first }: Started, options: NdjsonOptions): Promise<void> {
  const { signal } = options.gone;
  try {
    for (let next = first; next.done !== true; next = await iterator.next()) {
      if (signal.aborted) break;
      stream.write(`${JSON.stringify(next.value)}\n`);
      await stream.room();
    }
    if (signal.aborted) await iterator.return?.();
  } catch (error) {
    stream.write(`${JSON.stringify(toErrorBody(presentable(error, options)))}\n`);
  } finally {
    stream.end();
    options.gone.abort();
  }
}
