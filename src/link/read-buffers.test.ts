import { describe, expect, test } from 'vitest';
import { ReadBuffers } from './read-buffers.ts';

const chunkBytes = 16 * 1024;
const chunk = (): Uint8Array => new Uint8Array(chunkBytes).fill(7);
const isThere = (bytes: Uint8Array): boolean => bytes.length > 0;

/** A reader of three chunks: a message lies in the first and second, the next one in the second and third. */
function threeChunks() {
  const buffers = new ReadBuffers();
  const [first, second, third] = [chunk(), chunk(), chunk()];
  const message = new Uint8Array(120);
  buffers.read(first);
  buffers.read(second);
  return { buffers, first, second, third, message };
}

describe('the memory of what was read', () => {
  test('is there while its message has not ended', () => {
    const { first, second } = threeChunks();
    expect([isThere(first), isThere(second)]).toEqual([true, true]);
  });

  test('is given back when a message ended behind it; the chunk where it ended may hold the beginning of another', () => {
    const { buffers, first, second, third, message } = threeChunks();
    buffers.arrived(message);
    expect([isThere(first), isThere(second), isThere(message)]).toEqual([false, true, true]);
    buffers.discard(message);
    expect([isThere(second), isThere(message)]).toEqual([true, false]);
    buffers.read(third);
    buffers.arrived(new Uint8Array(90));
    expect([isThere(second), isThere(third)]).toEqual([false, true]);
  });

  test('stays while a message that is a part of it may be read', () => {
    const { buffers, first, second, third } = threeChunks();
    const [one, other] = [second.subarray(10, 40), second.subarray(40, 90)];
    buffers.arrived(one);
    buffers.arrived(other);
    expect([isThere(first), isThere(second)]).toEqual([false, true]);
    buffers.read(third);
    buffers.arrived(third.subarray(0, 20));
    buffers.discard(one);
    expect([isThere(one), isThere(other)]).toEqual([true, true]);
    buffers.discard(other);
    expect([isThere(second), isThere(third)]).toEqual([false, true]);
  });

  test('stays for good when its message is kept, however much is read afterwards', () => {
    const { buffers, second } = threeChunks();
    const kept = second.subarray(10, 40);
    buffers.arrived(kept);
    for (let n = 0; n < 100; n += 1) {
      const more = chunk();
      buffers.read(more);
      buffers.arrived(more.subarray(0, 50));
      buffers.discard(more.subarray(0, 50));
    }
    expect(kept).toEqual(new Uint8Array(30).fill(7));
  });

  test('stays for good when somebody reads a part of it later', () => {
    const { buffers, first, second, message } = threeChunks();
    buffers.keep(first.subarray(2, 9));
    buffers.arrived(message);
    expect([isThere(first), isThere(second)]).toEqual([true, true]);
  });

  test('stays when it is a part of something larger', () => {
    const buffers = new ReadBuffers();
    const pool = new Uint8Array(10 * chunkBytes);
    buffers.read(pool.subarray(0, chunkBytes));
    buffers.read(chunk());
    buffers.arrived(new Uint8Array(120));
    expect(pool).toHaveLength(10 * chunkBytes);
  });

  test('is left to the garbage collector when it is small; a large one before it is given back all the same', () => {
    const { buffers, first, second } = threeChunks();
    const small = new Uint8Array(200).fill(7);
    buffers.read(small);
    buffers.arrived(small.subarray(10, 60));
    buffers.discard(small.subarray(10, 60));
    expect([isThere(first), isThere(second), isThere(small)]).toEqual([false, false, true]);
  });
});
