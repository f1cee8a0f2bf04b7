import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MeshHome } from '../support/mesh-process.ts';

let home: MeshHome;
beforeEach(() => {
  home = new MeshHome('mesh-process');
});
afterEach(() => home[Symbol.asyncDispose]());

/** Any free ports, on this machine only. */
const anyPort = ['--host', '127.0.0.1', '--port', '0', '--api-port', '0'];

describe('mesh as a process', () => {
  it('ends with help and 0 without words, with 2 for an unknown verb', async () => {
    expect(await home.run([])).toMatchObject({ code: 0, stderr: '' });
    const mistyped = await home.run(['statsu']);
    const hint = `hint: Did you mean: mesh status --state-dir ${home.stateDir}?`;
    const stderr = `error[INVALID_ARGUMENT]: Unknown verb 'statsu'\n${hint}\n`;
    expect(mistyped).toEqual({ code: 2, stdout: '', stderr });
  });

  it('creates an agent, starts its node in the background, and stops it again', async () => {
    await home.json(['init', '--name', 'alice']);
    const started = await home.json(['up', '--detach', ...anyPort]);
    expect(started).toMatchObject({ pid: home.nodePid(), agents: [{ name: 'alice' }], stateDir: home.stateDir });
    expect(await home.json(['status'])).toMatchObject({ running: true, pid: home.nodePid() });
    const second = await home.run(['up', '--detach', ...anyPort]);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain('error[NODE_RUNNING]');
    expect(await home.json(['down'])).toMatchObject({ stopped: true, queued: 0 });
    expect(home.nodePid()).toBeUndefined();
    expect(await home.json(['status'])).toMatchObject({ running: false });
    expect(await home.run(['down'])).toMatchObject({ code: 4 });
  });

  it('runs the node in the foreground until Ctrl-C, which ends it in order', async () => {
    await home.json(['init', '--name', 'alice']);
    const node = home.start(['up', ...anyPort]);
    await node.output(/The node is running/);
    expect(home.nodePid()).toBe(node.child.pid);
    const follow = home.start(['inbox', '--follow']);
    const watch = home.start(['events']);
    await Promise.all([follow.notes(/Waiting/), watch.notes(/Waiting/)]);
    expect(await follow.end('SIGINT')).toMatchObject({ code: 130 });
    expect(await watch.end('SIGTERM')).toMatchObject({ code: 143 });
    expect(await node.end('SIGINT')).toMatchObject({ code: 0 });
    expect(home.nodePid()).toBeUndefined();
  });

  it('tells of a node in the background that cannot start what a node in the foreground tells', async () => {
    const nowhere = await home.run(['up', '--detach']);
    expect(nowhere).toMatchObject({ code: 1, stdout: '' });
    expect(nowhere.stderr).toMatch(/^error\[NOT_INITIALIZED\].*\nhint: .*mesh init --state-dir/);
    await home.json(['init', '--name', 'alice']);
    writeFileSync(join(home.stateDir, 'mesh.toml'), 'nonsense = true\n');
    const [here, there] = [await home.run(['up', ...anyPort]), await home.run(['up', '--detach', ...anyPort])];
    expect(here.stderr).toContain('error[INVALID_CONFIG]');
    expect(there).toEqual(here);
  });

  it('is content when the reader of a pipe goes away', async () => {
    const help = home.start(['--help']);
    help.child.stdout?.destroy();
    expect(await help.ended).toMatchObject({ code: 0, stderr: '' });
  });
});
