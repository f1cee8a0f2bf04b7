// What peers wrote must not drive the terminal: controls (also the one-byte CSI U+009B), direction marks, which make
// one name look like another, and characters without a width, which hide in names.
const controls = String.raw`\p{Cc}\p{Cs}\p{Zl}\p{Zp}`;
const marks = String.raw`\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f`;
const hidden = String.raw`\u00ad\u180e\u200b\u2060-\u2064\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}`;
const unsafe = controls + marks + hidden;
const unsafeInLine = new RegExp(`[${unsafe}]`, 'gu');
const unsafeInBlock = new RegExp(`(?!\\n)[${unsafe}]`, 'gu');
const namedEscapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * Text of others in one line: what could drive or deceive a terminal is shown as `\x1b`, `\u{202e}` or `\n` instead of
 * emitted.
 */
export function visible(text: string): string {
  return text.replace(unsafeInLine, escapeOf);
}

/** The same for text of several lines: line feeds stay, tabs become four spaces, CRLF counts as one line feed. */
export function visibleBlock(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll('\t', '    ').replace(unsafeInBlock, escapeOf);
}

function escapeOf(character: string): string {
  const named = namedEscapes[character];
  if (named !== undefined) return named;
  const code = character.codePointAt(0) ?? 0;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}

/**
 * One JSON document that is safe to print: what `visible` would change stands as `\uXXXX`, so it parses to the same
 * value.
 */
export function jsonText(value: unknown, indent?: number): string {
  return (JSON.stringify(value, null, indent) ?? 'null').replace(unsafeInBlock, (character) =>
    Array.from({ length: character.length }, (_, unit) => character.charCodeAt(unit))
      .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
