import { MeshError } from '#kernel';

const numberBytes = 8;

/** The plaintext with its number in front: how many its sender sealed in the session before it (spec 5.6). */
export function withNumber(number: number, plaintext: Uint8Array): Uint8Array {
  const numbered = new Uint8Array(numberBytes + plaintext.length);
  new DataView(numbered.buffer).setBigUint64(0, BigInt(number));
  numbered.set(plaintext, numberBytes);
  return numbered;
}

/** The plaintext without its number. Throws SESSION_BROKEN unless that is the `next` one: what comes before is missing. */
export function withoutNumber(numbered: Uint8Array, next: number): Uint8Array {
  if (numbered.length < numberBytes) throw new MeshError('SESSION_BROKEN', 'The frame has no number');
  const number = new DataView(numbered.buffer, numbered.byteOffset, numberBytes).getBigUint64(0);
  if (number === BigInt(next)) return numbered.subarray(numberBytes);
  throw new MeshError('SESSION_BROKEN', `The frame is number ${number} of its sender; the next one is number ${next}`);
}
