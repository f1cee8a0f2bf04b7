#!/usr/bin/env node
// Plain old CommonJS so that any Node can parse it: runs mesh under Node >= 24.16, or hands over to one that is near, or says how to get one.
'use strict';

var path = require('path');
var fs = require('fs');
var root = path.join(__dirname, '..');
var version = process.versions.node.split('.').map(Number);

if (version[0] > 24 || (version[0] === 24 && version[1] >= 16)) start();
else handOver();

function start() {
  // What mesh starts may be started through an older Node again.
  delete process.env.MESH_NODE_TRIED;
  var module = require('module');
  // Of this user alone: code that others could have put into a shared temporary folder must not run.
  module.enableCompileCache(process.env.NODE_COMPILE_CACHE || cacheFolder());
  var source = path.join(root, 'src', 'cli', 'main.ts');
  var checkout = fs.existsSync(source);
  if (checkout) resolveRooms(module, path.join(root, 'src'));
  void import(require('url').pathToFileURL(checkout ? source : path.join(root, 'dist', 'cli', 'main.js')).href);
}

// In a checkout `#room` is src/room/index.ts. The condition "source" of package.json says the same, but only a new process could set it.
function resolveRooms(module, sources) {
  var base = require('url').pathToFileURL(sources + path.sep).href;
  module.registerHooks({
    resolve: function (specifier, context, next) {
      if (specifier.charAt(0) !== '#' || !context.parentURL || context.parentURL.indexOf(base) !== 0)
        return next(specifier, context);
      return { url: base + specifier.slice(1) + '/index.ts', format: 'module-typescript', shortCircuit: true };
    },
  });
}

function cacheFolder() {
  var env = process.env;
  var home = require('os').homedir();
  var caches =
    process.platform === 'win32'
      ? env.LOCALAPPDATA || path.join(home, 'AppData', 'Local')
      : env.XDG_CACHE_HOME || path.join(home, '.cache');
  return path.join(caches, 'agent-mesh', 'compile-cache');
}

function handOver() {
  var windows = process.platform === 'win32';
  var exe = windows ? 'node.exe' : 'node';
  var name = 'node-' + (windows ? 'win' : process.platform) + '-' + process.arch;
  var near = [];
  for (var folder = __dirname; ; folder = path.dirname(folder)) {
    near.push(path.join(folder, 'tools', 'node24', 'node_modules', name, 'bin', exe));
    near.push(path.join(folder, 'node_modules', name, 'bin', exe), path.join(folder, 'node_modules', '.bin', exe));
    if (path.dirname(folder) === folder) break;
  }
  var found = process.env.MESH_NODE || near.filter(fs.existsSync)[0];
  // One try: a Node that is too old as well must not hand over to itself for ever.
  if (found && !process.env.MESH_NODE_TRIED) return runUnder(found);
  console.error(
    'error[INVALID_CONFIG]: mesh needs Node >= 24.16 and was started with ' +
      process.version +
      '\n' +
      'hint: Install Node 24 (https://nodejs.org), or run: npx --yes -p ' +
      name +
      '@24 -p agent-mesh mesh …, or set MESH_NODE to a newer node',
  );
  process.exit(1);
}

function runUnder(node) {
  var env = Object.assign({}, process.env, { MESH_NODE_TRIED: '1' });
  var child = require('child_process').spawn(node, [__filename].concat(process.argv.slice(2)), {
    stdio: 'inherit',
    env: env,
  });
  // Whoever stops this process means the one below. A terminal sends Ctrl-C to both by itself.
  ['SIGINT', 'SIGTERM', 'SIGHUP'].forEach(function (signal) {
    process.on(signal, function () {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  });
  child.on('error', function (error) {
    console.error('error[INTERNAL]: ' + node + ' cannot be started: ' + error.message);
    process.exit(1);
  });
  child.on('exit', function (code, signal) {
    ['SIGINT', 'SIGTERM', 'SIGHUP'].forEach(function (name) {
      process.removeAllListeners(name);
    });
    if (signal) process.kill(process.pid, signal);
    else process.exit(code);
  });
}
