import { type Limits, MeshError, toUtf8 } from '#kernel';
import type { Json, JsonObject } from '#protocol';
import type { Answer } from './runtime.ts';

const answerKeys = new Set(['body', 'text', 'subject', 'metadata', 'usage']);

/**
 * The answer in what a program wrote: a JSON object `{ body, subject?, metadata?, usage? }` (or `{ text }`) and nothing else in
 * it, otherwise the text itself without one final newline. Throws HANDLER_FAILED when it is not UTF-8 or too long for a
 * message.
 */
export function parseAnswer(output: Uint8Array, limits: Limits): Answer {
  const text = decodeText(output);
  const answer = answerObject(text) ?? { body: text.replace(/\r?\n$/, '') };
  const bytes = toUtf8(answer.body).length;
  if (bytes > limits.maxMessageBytes) {
    throw new MeshError(
      'HANDLER_FAILED',
      `The answer of ${bytes} bytes exceeds maxMessageBytes ${limits.maxMessageBytes}`,
    );
  }
  const characters = answer.subject?.length ?? 0;
  if (characters > limits.maxSubjectCharacters) {
    const rule = `maxSubjectCharacters ${limits.maxSubjectCharacters}`;
    throw new MeshError('HANDLER_FAILED', `The subject of the answer has ${characters} characters, more than ${rule}`);
  }
  return answer;
}

function decodeText(output: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(output);
  } catch (cause) {
    throw new MeshError('HANDLER_FAILED', 'The answer is not text in UTF-8', { cause });
  }
}

function answerObject(text: string): Answer | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  const value = parseJson(text);
  if (!isObject(value) || Object.keys(value).some((key) => !answerKeys.has(key))) return undefined;
  const body = value['body'] ?? value['text'];
  const { subject, metadata, usage } = value;
  if (typeof body !== 'string') return undefined;
  if (subject !== undefined && typeof subject !== 'string') return undefined;
  if (metadata !== undefined && !isObject(metadata)) return undefined;
  if (usage !== undefined && !isUsage(usage)) return undefined;
  return {
    body,
    ...(subject === undefined ? {} : { subject }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(usage === undefined ? {} : { usage }),
  };
}

function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

function isUsage(value: Json): value is { readonly tokens?: number; readonly costUsd?: number } {
  if (!isObject(value)) return false;
  return Object.entries(value).every(
    ([key, used]) => (key === 'tokens' || key === 'costUsd') && typeof used === 'number' && used >= 0,
  );
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
