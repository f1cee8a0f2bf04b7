import type { Severity } from './finding.ts';

/** A token with a shape of its own. Every quantifier has an end, so that looking costs a fixed amount for each character. */
export interface SecretShape {
  readonly rule: string;
  readonly severity: Severity;
  /** What it begins with or contains, so that most runs need no pattern. */
  readonly sign: string;
  readonly shape: RegExp;
  readonly says: string;
}

const serious =
  (severity: Severity) =>
  (rule: string, sign: string, pattern: RegExp): SecretShape => ({
    rule,
    severity,
    sign,
    shape: new RegExp(pattern.source, `${pattern.flags}g`),
    says: `looks like a secret (${rule})`,
  });

const shape = serious('high');
const likely = serious('medium');

export const secretShapes: readonly SecretShape[] = [
  shape('aws-access-key', 'AKIA', /(?<![A-Za-z0-9])AKIA[A-Z2-7]{16}(?![A-Za-z0-9])/),
  shape('aws-access-key', 'ASIA', /(?<![A-Za-z0-9])ASIA[A-Z2-7]{16}(?![A-Za-z0-9])/),
  shape('github-token', 'gh', /(?<![A-Za-z0-9])gh[pousr]_[A-Za-z0-9]{36,255}/),
  shape('github-token', 'github_pat_', /github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}/),
  shape('gitlab-token', 'gl', /(?<![A-Za-z0-9])gl(?:pat|dt|rt|ptt|ft|soat|cbt|agent)-[A-Za-z0-9_-]{20,64}/),
  shape('slack-token', 'xox', /(?<![A-Za-z0-9])xox[abeoprs]-[A-Za-z0-9-]{10,200}/),
  shape('slack-token', 'xapp-', /(?<![A-Za-z0-9])xapp-[0-9]-[A-Za-z0-9-]{20,200}/),
  shape('slack-webhook', 'hooks.slack.com/', /hooks\.slack\.com\/(?:services|workflows)\/[A-Za-z0-9/]{20,120}/),
  shape('stripe-key', 'k_live_', /(?<![A-Za-z0-9])[sr]k_live_[A-Za-z0-9]{16,200}/),
  likely('stripe-key', 'k_test_', /(?<![A-Za-z0-9])[sr]k_test_[A-Za-z0-9]{16,200}/),
  shape('webhook-secret', 'whsec_', /whsec_[A-Za-z0-9+/=]{16,120}/),
  shape('anthropic-key', 'sk-ant-', /sk-ant-[a-z0-9]{2,10}-[A-Za-z0-9_-]{20,200}/),
  shape('openai-key', 'sk-', /(?<![A-Za-z0-9])sk-(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,250}/),
  shape('openai-key', 'sk-', /(?<![A-Za-z0-9-])sk-(?:or-v1-)?[A-Za-z0-9]{32,128}(?![A-Za-z0-9-])/),
  shape('google-api-key', 'AIza', /(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{35}/),
  shape('google-oauth', 'ya29.', /ya29\.[A-Za-z0-9_-]{30,250}/),
  shape('google-oauth', 'GOCSPX-', /GOCSPX-[A-Za-z0-9_-]{28}/),
  shape('npm-token', 'npm_', /(?<![A-Za-z0-9])npm_[A-Za-z0-9]{36}/),
  shape('pypi-token', 'pypi-', /pypi-AgE[A-Za-z0-9_-]{50,250}/),
  shape('docker-token', 'dckr_', /dckr_[a-z]{2,4}_[A-Za-z0-9_-]{20,80}/),
  shape('huggingface-token', 'hf_', /(?<![A-Za-z0-9])hf_[A-Za-z0-9]{30,60}/),
  shape('groq-key', 'gsk_', /(?<![A-Za-z0-9])gsk_[A-Za-z0-9]{40,80}/),
  shape('xai-key', 'xai-', /(?<![A-Za-z0-9])xai-[A-Za-z0-9]{60,120}/),
  shape('nvidia-key', 'nvapi-', /nvapi-[A-Za-z0-9_-]{40,100}/),
  shape('replicate-key', 'r8_', /(?<![A-Za-z0-9])r8_[A-Za-z0-9]{30,60}/),
  shape('sendgrid-key', 'SG.', /(?<![A-Za-z0-9])SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}/),
  shape('shopify-token', 'shp', /(?<![A-Za-z0-9])shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}/),
  shape('digitalocean-token', '_v1_', /(?<![A-Za-z0-9])do[opr]_v1_[a-f0-9]{64}/),
  shape('vault-token', 'hvs.', /(?<![A-Za-z0-9])hvs\.[A-Za-z0-9_-]{20,250}/),
  shape('tailscale-key', 'tskey-', /tskey-[a-z]{3,8}-[A-Za-z0-9-]{16,80}/),
  shape('linear-key', 'lin_', /lin_(?:api|oauth)_[A-Za-z0-9]{32,64}/),
  shape('atlassian-token', 'ATATT3', /ATATT3[A-Za-z0-9_=-]{40,300}/),
  shape('sentry-token', 'sntry', /sntry[su]_[A-Za-z0-9+/=_-]{30,250}/),
  shape('notion-token', 'ntn_', /(?<![A-Za-z0-9])ntn_[A-Za-z0-9]{40,60}/),
  shape('postman-key', 'PMAK-', /PMAK-[a-f0-9]{24}-[a-f0-9]{34}/),
  shape('square-token', 'sq0', /sq0(?:atp|csp)-[A-Za-z0-9_-]{22,60}/),
  shape('telegram-token', ':AA', /(?<![0-9])[0-9]{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])/),
  shape(
    'discord-token',
    '.',
    /(?<![A-Za-z0-9])[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,38}(?![A-Za-z0-9_-])/,
  ),
  shape('discord-webhook', '/api/webhooks/', /discord(?:app)?\.com\/api\/webhooks\/[0-9]{17,20}\/[A-Za-z0-9_-]{60,80}/),
  shape('jwt', 'eyJ', /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{16,1000}/),
  shape('azure-key', 'Key=', /(?:Account|SharedAccess)Key=[A-Za-z0-9+/]{40,90}={1,2}/),
  shape('azure-sas', 'sig=', /[?&]sig=[A-Za-z0-9%+/]{40,100}(?:%3D|=)/),
  shape('age-key', 'AGE-SECRET-KEY-1', /AGE-SECRET-KEY-1[A-Z0-9]{58}/),
  shape('wallet-key', 'prv', /(?<![A-Za-z0-9])[xyz]prv[1-9A-HJ-NP-Za-km-z]{107,108}/),
  shape('private-key', 'PRIVATE KEY', /-----BEGIN (?:[A-Z0-9]{2,12} ){0,2}PRIVATE KEY(?: BLOCK)?-----/),
  shape('private-key', 'PuTTY-User-Key-File', /PuTTY-User-Key-File-[23]: /),
  likely('mesh-invite', 'mesh:', /(?<![A-Za-z0-9])mesh:[A-Za-z0-9_-]{60,4000}/),
  shape(
    'url-password',
    '://',
    /[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:@/"'<>{}$]{0,64}:[^\s:@/"'<>{}$*]{3,128}@[A-Za-z0-9.[-]{1,100}/i,
  ),
  shape('basic-auth', 'asic ', /[Aa]uthorization["']?[:=]\s{0,3}["']?[Bb]asic [A-Za-z0-9+/]{12,200}={0,2}/),
  likely('bearer-token', 'earer ', /[Bb]earer [A-Za-z0-9._~+/-]{24,2000}={0,2}/),
];
