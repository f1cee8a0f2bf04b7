import { describe, expect, it } from 'vitest';
import { type ErrorCode, errorTable, isErrorCode, MeshError } from '#kernel';
import { mesh } from './fake-mesh.ts';

const codes = Object.keys(errorTable).filter((code): code is ErrorCode => isErrorCode(code));
const failing = (error: unknown) => ({
  contacts: (): never => {
    throw error;
  },
});

describe('exit codes', () => {
  it.each(codes)('%s ends with the code of the error table, one error line and one hint line', async (code) => {
    const {
      code: exit,
      stdout,
      stderr,
    } = await mesh(['peers'], { world: failing(new MeshError(code)), environment: { AGENT_MESH_HOME: '' } });
    expect({ exit, stdout }).toEqual({ exit: errorTable[code].exit, stdout: '' });
    expect(stderr).toBe(`error[${code}]: ${errorTable[code].meaning}\nhint: ${errorTable[code].hint}\n`);
  });

  it('is 1 for a failure that nobody foresaw, which is told as INTERNAL', async () => {
    const { code, stderr } = await mesh(['peers'], { world: failing(new TypeError('x is not a function')) });
    expect(code).toBe(1);
    expect(stderr).toContain('error[INTERNAL]: x is not a function');
  });

  it('is 0 for success and for help', async () => {
    expect((await mesh(['peers'])).code).toBe(0);
    expect((await mesh(['--help'])).code).toBe(0);
    expect((await mesh(['send', '--help'])).code).toBe(0);
  });

  it('is 130 after Ctrl-C, without an error', async () => {
    const interrupt = new AbortController();
    const contacts = (): never => {
      interrupt.abort(new Error('SIGINT'));
      throw new MeshError('LINK_CLOSED');
    };
    const { code, stderr } = await mesh(['peers'], { world: { contacts }, signal: interrupt.signal });
    expect({ code, stderr }).toEqual({ code: 130, stderr: '' });
  });

  it('is 1 when the audit log was changed, and when a person says no', async () => {
    const broken = {
      auditVerify: { ok: false, entries: 2, checkpoints: 0, problem: 'entry 2 does not follow entry 1' },
    };
    const audit = await mesh(['audit', 'verify'], { world: broken });
    expect(audit.code).toBe(1);
    expect(audit.stdout).toContain('entry 2 does not follow entry 1');
    const verify = await mesh(['verify', 'carol'], { terminal: 80, stdin: 'no' });
    expect(verify.code).toBe(1);
    expect(verify.calls.map(({ name }) => name)).not.toContain('markVerified');
  });
});

describe('errors', () => {
  it('have hints that can be pasted when another state folder or agent is in use', async () => {
    const world = failing(new MeshError('NODE_NOT_RUNNING'));
    const { stderr } = await mesh(['peers', '--state-dir', '/tmp/a b', '--agent', 'robot'], { world });
    expect(stderr).toContain("hint: Run: mesh up --state-dir '/tmp/a b' --detach\n");
  });

  it('list what an ambiguous name could mean', async () => {
    const error = new MeshError('AMBIGUOUS', 'b matches 2 contacts', { data: { matches: ['bob', 'bert'] } });
    const { stderr } = await mesh(['peers'], { world: failing(error) });
    expect(stderr).toContain('error[AMBIGUOUS]: b matches 2 contacts\n  bob\n  bert\nhint: ');
  });

  it('list names and ids when a match has both', async () => {
    const error = new MeshError('AMBIGUOUS', 'two', {
      data: { matches: [{ petname: 'bob', agentId: 'did:key:z6Mk1' }] },
    });
    const { stderr } = await mesh(['peers'], { world: failing(error) });
    expect(stderr).toContain('error[AMBIGUOUS]: two\n  bob  did:key:z6Mk1\nhint: ');
  });

  it('are coloured on a terminal only', async () => {
    const world = failing(new MeshError('NOT_FOUND', 'no'));
    expect((await mesh(['peers'], { world, terminal: 80 })).stderr).toContain(
      '\u001b[31merror[NOT_FOUND]:\u001b[39m no',
    );
    expect((await mesh(['peers', '--no-color'], { world, terminal: 80 })).stderr).toContain('error[NOT_FOUND]: no');
    expect((await mesh(['peers'], { world })).stderr).toContain('error[NOT_FOUND]: no');
  });
});
