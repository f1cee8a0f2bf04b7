import { describe, expect, test } from 'vitest';
import { defaultLimits, silentLogger } from '#kernel';
import { createClient, loadOpenApi, type OperationName, operationNames, routeOf } from '#api';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { sampleInputs, stubOperations } from '../../../test/support/stub-operations.ts';
import { localTransport } from './local-transport.ts';
import { offlineOperations } from './offline-operations.ts';

const random = { bytes: (length: number) => new Uint8Array(length).fill(1), fraction: () => 0 };

function setUp(
  wrap: (operations: ReturnType<typeof stubOperations>['operations']) => typeof operations = (all) => all,
) {
  const { operations, calls } = stubOperations();
  const options = { clock: new ManualClock(), limits: defaultLimits, logger: silentLogger, random, version: '1' };
  return { calls, client: createClient(localTransport({ ...options, operations: wrap(operations) })) };
}

type AnyMethod = (input: unknown) => Promise<unknown> | AsyncIterable<unknown>;

/** Operations that give bytes give those of the same JSON here. */
const fromBytes = (answer: unknown): unknown =>
  answer instanceof Uint8Array ? JSON.parse(new TextDecoder().decode(answer)) : answer;

/** Calls the method of that name and waits for its answer, or for the end of its stream. */
async function callByName(client: ReturnType<typeof setUp>['client'], name: OperationName): Promise<unknown> {
  const method = client[name] as AnyMethod;
  const answer = method(sampleInputs[name]);
  if (!(Symbol.asyncIterator in answer)) return fromBytes(await answer);
  const lines: unknown[] = [];
  for await (const line of answer) lines.push(line);
  return lines[0];
}

describe('every operation of the table', () => {
  test.each(operationNames)('%s goes from its client method to its handler with all that was given', async (name) => {
    const { client, calls } = setUp();
    expect(await callByName(client, name)).toEqual({ name });
    expect(calls).toMatchObject([{ name, input: sampleInputs[name] }]);
    expect(Object.keys(calls[0]?.input as object).toSorted()).toEqual(Object.keys(sampleInputs[name]).toSorted());
  });

  test('is in the OpenAPI document', async () => {
    const { paths } = await loadOpenApi({ version: '1' });
    const ids = Object.values(paths).flatMap((methods) => Object.values(methods).map(({ operationId }) => operationId));
    expect(ids).toEqual(expect.arrayContaining([...operationNames]));
  });
});

describe('where no node runs', () => {
  test.each(operationNames)('%s works if it only reads, and says that no node runs if not', async (name) => {
    const { client, calls } = setUp(offlineOperations);
    const answer = callByName(client, name);
    if (routeOf(name).offline === true) {
      expect(await answer).toEqual({ name });
      expect(calls).toHaveLength(1);
    } else {
      await expect(answer).rejects.toMatchObject({ code: 'NODE_NOT_RUNNING' });
      expect(calls).toEqual([]);
    }
  });

  test('there are no events', async () => {
    const events = setUp(offlineOperations).client.events()[Symbol.asyncIterator]();
    await expect(events.next()).rejects.toMatchObject({ code: 'NODE_NOT_RUNNING' });
  });
});

describe('the local transport', () => {
  test('rejects with the reason of the signal', async () => {
    const stop = new AbortController();
    const reason = new Error('enough');
    const { client } = setUp((operations) => ({
      ...operations,
      status: async (_input, { signal }) => {
        stop.abort(reason);
        signal.throwIfAborted();
        throw new Error('the signal did not reach the operation');
      },
    }));
    await expect(client.status({}, { signal: stop.signal })).rejects.toBe(reason);
  });
});
