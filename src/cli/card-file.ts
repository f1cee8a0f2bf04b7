import { readFileSync } from 'node:fs';
import type { Input as OperationInput } from '#api';
import { MeshError } from '#kernel';
import type { Input } from './ports.ts';

type Json = OperationInput<'verifyCard'>['card'];
type JsonObject = Readonly<Record<string, Json>>;

const maxCardBytes = 64 * 1024;

/**
 * The JSON of a card from a file or, for `-`, from stdin. Throws NOT_FOUND or CARD_INVALID; the card itself is not
 * verified.
 */
export async function readCardFile(path: string, stdin: Input): Promise<JsonObject> {
  const text = path === '-' ? await stdin.text() : readText(path);
  if (text.length > maxCardBytes) throw new MeshError('CARD_INVALID', `${path} is larger than a card can be`);
  const value = parse(text, path);
  // The API answers `{ card, fingerprint }`; both forms travel between people.
  return isRecord(value['card']) ? value['card'] : value;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new MeshError('NOT_FOUND', `The file ${path} cannot be read`, {
      cause,
      hint: 'Name a file that holds a card.',
    });
  }
}

function parse(text: string, path: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return value;
  } catch {
    // Falls through to the one refusal below.
  }
  throw new MeshError('CARD_INVALID', `${path} does not hold a card: it is not a JSON object`, {
    hint: 'Ask its owner to print the card again and to send all of it.',
  });
}

function isRecord(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
