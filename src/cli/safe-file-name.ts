const maxCharacters = 100;
/** Names that mean a device to Windows, with any ending. */
const reserved = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/**
 * A name for a file made from one that a peer chose: its last part, of letters, digits and `. _ - ( )`, never hidden,
 * never a path, never an option. `attachment-1` (its number) when nothing is left.
 */
export function safeFileName(name: string, index: number): string {
  const last = name.normalize('NFC').split(/[/\\]/).at(-1) ?? '';
  const clean = last
    .replaceAll(/[^\p{L}\p{N}._\-() ]/gu, '_')
    .replace(/^[\s._-]+/, '')
    .replace(/[\s.]+$/, '');
  if (clean === '' || reserved.test(clean)) return `attachment-${index + 1}`;
  return shorten(clean);
}

/** Cuts the stem, so that the ending survives. */
function shorten(name: string): string {
  if (name.length <= maxCharacters) return name;
  const ending = /\.[^.]{1,12}$/.exec(name)?.[0] ?? '';
  // Half a surrogate pair may be left at the cut.
  const stem = name.slice(0, maxCharacters - ending.length).replace(/[\s.\ud800-\udbff]+$/, '');
  return stem + ending;
}
