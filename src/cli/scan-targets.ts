import { defaultLimits, MeshError } from '#kernel';

export interface ScanQuery {
  readonly urls: readonly string[];
  readonly template?: string | undefined;
  /** `10.0.0.0/24` */
  readonly range?: string | undefined;
  /** For addresses that name no port. */
  readonly port: number;
}

/**
 * Every address to look at, each once. Throws INVALID_ARGUMENT for what is not one, and for more than `maxScanTargets`.
 */
export function scanTargets(query: ScanQuery): string[] {
  const { urls, template, range, port } = query;
  const targets = new Set([
    ...urls.map((url) => scanUrl(url, port)),
    ...(template === undefined ? [] : expandTemplate(template)),
    ...(range === undefined ? [] : expandRange(range, port)),
  ]);
  if (targets.size > 0) return [...targets];
  throw new MeshError('INVALID_ARGUMENT', 'There is no address to look at', {
    hint: "Name some: mesh scan 10.0.0.7, or --range 10.0.0.0/24, or --template 'http://10.0.0.{1..254}:8787'",
  });
}

/** An address with scheme and port: `10.0.0.7` is `http://10.0.0.7:8787`. Throws INVALID_ARGUMENT. */
export function scanUrl(text: string, port: number): string {
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
  const full = hasScheme ? text : `http://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  if (
    url === undefined ||
    !/^https?:$/.test(url.protocol) ||
    url.username !== '' ||
    url.search !== '' ||
    url.hash !== ''
  ) {
    throw new MeshError('INVALID_ARGUMENT', `${JSON.stringify(text)} is not the address of a node`, {
      hint: 'Write an address such as http://10.0.0.7:8787, https://mesh.example or 10.0.0.7',
    });
  }
  if (!hasScheme && url.port === '') url.port = String(port);
  return url.href.replace(/\/$/, '');
}

/** `http://10.0.{0..3}.{1..254}:8787`: each `{a..b}` takes all its values. */
function expandTemplate(template: string): readonly string[] {
  const ranges = [...template.matchAll(/\{(\d{1,9})\.\.(\d{1,9})\}/g)].map(
    ([, first, last]) => [Number(first), Number(last)] as const,
  );
  const bad = ranges.find(([first, last]) => last < first);
  if (ranges.length === 0 || bad !== undefined || /[{}]/.test(template.replaceAll(/\{\d+\.\.\d+\}/g, ''))) {
    throw new MeshError(
      'INVALID_ARGUMENT',
      `--template: ${JSON.stringify(template)} has no range of the form {1..254}`,
      {
        hint: "Write it in quotes, or the shell expands it: --template 'http://10.0.0.{1..254}:8787'",
      },
    );
  }
  checkAmount(ranges.reduce((product, [first, last]) => product * (last - first + 1), 1));
  let texts: readonly string[] = [template];
  for (const [first, last] of ranges) {
    const numbers = Array.from({ length: last - first + 1 }, (_, index) => String(first + index));
    texts = texts.flatMap((text) => numbers.map((number) => text.replace(/\{\d+\.\.\d+\}/, number)));
  }
  return texts.map((text) => scanUrl(text, 8787));
}

/** The hosts of an IPv4 network, without its own and its broadcast address. */
function expandRange(range: string, port: number): readonly string[] {
  const [, address = '', prefix = ''] = /^([\d.]+)\/(\d{1,2})$/.exec(range) ?? [];
  const bytes = address.split('.').map(Number);
  const bits = Number(prefix);
  const isAddress = bytes.length === 4 && bytes.every((byte) => Number.isInteger(byte) && byte <= 255);
  if (!isAddress || prefix === '' || bits > 32) {
    throw new MeshError('INVALID_ARGUMENT', `--range: ${JSON.stringify(range)} is not an IPv4 network`, {
      hint: 'Write it as 10.0.0.0/24.',
    });
  }
  const amount = 2 ** (32 - bits);
  checkAmount(amount);
  const base = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  const first = base - (base % amount);
  const all = Array.from({ length: amount }, (_, index) => first + index);
  const hosts = amount > 2 ? all.slice(1, -1) : all;
  return hosts.map(
    (host) => `http://${[24, 16, 8, 0].map((shift) => Math.floor(host / 2 ** shift) % 256).join('.')}:${port}`,
  );
}

function checkAmount(amount: number): void {
  const { maxScanTargets } = defaultLimits;
  if (amount <= maxScanTargets) return;
  throw new MeshError('INVALID_ARGUMENT', `${amount} addresses are more than the ${maxScanTargets} of one scan`, {
    hint: 'Scan a smaller range.',
  });
}
