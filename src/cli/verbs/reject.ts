import { MeshError } from '#kernel';
import type { Call } from '../call.ts';
import { findRequest } from '../find-request.ts';
import type { Outcome } from '../outcome.ts';
import { visible } from '../terminal-text.ts';

/** Turns a request down; the asker is told nothing. */
export async function reject({ args, client, settings, signal }: Call): Promise<Outcome> {
  const text = args.at(0, 'ID');
  const { agent } = settings;
  const request = await findRequest(client, { agent, text, signal });
  if (request === undefined) {
    throw new MeshError('NOT_FOUND', `No request is ${JSON.stringify(text)}`, {
      hint: 'List them with: mesh requests',
    });
  }
  const block = args.flag('block');
  const result = await client.reject({ agent, id: request.id, block }, { signal });
  return {
    data: result,
    lines: () => [
      `The request of ${visible(request.petname)} is rejected${block ? ' and the asker blocked' : ''}.`,
      'They are told nothing.',
    ],
  };
}
