import { spawnSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import type {
  Action,
  KubeletIdentityResource,
  KubernetesObject,
  NodeResource,
  ObjectsResource,
} from '../../../src/model/index.js';
import { Secret } from '../../../src/model/index.js';
import { ACTION_PRELUDE } from '../../../src/resources/index.js';
import { type KubeletIdentityAnswer, kubeletIdentity } from '../../../src/resources/kubelet-identity.js';
import { type NodeAnswer, node } from '../../../src/resources/node.js';
import { objects } from '../../../src/resources/objects.js';

const TOKEN = { id: 'abcdef', secret: new Secret('0123456789abcdef') };
const KUBECONFIG = new Secret('users: [{ client-key-data: POISON }]');
const circumstances = { newToken: () => TOKEN, superAdminKubeconfig: () => KUBECONFIG };
const poison = [TOKEN.secret.reveal(), 'POISON'];

/** The shell parses; run by a real sh, which is what a host has. */
function expectShell(script: string): void {
  const { status, stderr } = spawnSync('sh', ['-n'], { input: `${ACTION_PRELUDE}\n${script}`, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
}

const actionOf = (resource: Action['resource'], draft: object): Action =>
  ({ key: 'k', kind: 'objects', order: 0, before: null, resource, ...draft }) as unknown as Action;

const configMap = (name: string, data: Record<string, string>): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'kube-system' },
  data,
});

describe('objects', () => {
  const r: ObjectsResource = {
    kind: 'objects',
    name: 'CoreDNS',
    manifests: [configMap('a', { x: '1' }), configMap('b', { y: '2' })],
  };
  const live = (...items: unknown[]): string => `asked\n${JSON.stringify({ kind: 'List', items })}\n`;

  test('no API yet is an answer, and planned as what it is', () => {
    const [answer] = objects.read('unreachable there is no API server yet\n', [r]);
    const drafts = objects.appear(r, answer as never, circumstances);
    expect(drafts).toEqual([
      { verb: '+', summary: 'apply CoreDNS: 2 objects', because: ['there is no API server yet'], secret: KUBECONFIG },
    ]);
  });

  test('a status is the API server’s: a published definition that carries an empty one is no difference', () => {
    const definition = { ...configMap('crd', {}), status: { acceptedNames: { kind: '' } } };
    const group: ObjectsResource = { kind: 'objects', name: 'definitions', manifests: [definition] };
    const there = { ...definition, status: { acceptedNames: { kind: 'Pool' } } };
    expect(objects.appear(group, { state: 'asked', live: [there] }, circumstances)).toEqual([]);
  });

  /** The question, with a kubectl that answers so to `get -f -`. */
  function asked(get: string): { status: number | null; stdout: string; stderr: string } {
    const { 1: body = '' } = /(ask_objects\(\) \{[\s\S]*?\n\})/.exec(objects.ask([r])) ?? [];
    const script = `api() { cat >/dev/null; ${get}; }\n${body}\necho '{}' | ask_objects\n`;
    const { status, stdout, stderr } = spawnSync('sh', ['-c', script], { encoding: 'utf8' });
    return { status, stdout, stderr };
  }

  test('a kind that the API does not know yet is not there; any other trouble is a failure to look', () => {
    const unknown = `echo 'error: resource mapping not found for name: "x" namespace: "" from "STDIN": no matches for kind "Pool" in version "v1"' >&2; echo 'ensure CRDs are installed first' >&2`;
    expect(asked(`echo found; ${unknown}; return 1`)).toEqual({ status: 0, stdout: 'found\n', stderr: '' });
    expect(asked(`${unknown}; echo 'Error from server (Timeout)' >&2; return 1`)).toEqual({
      status: 1,
      stdout: '',
      stderr: 'Error from server (Timeout)\n',
    });
    expect(asked('echo found; echo a warning >&2')).toMatchObject({ status: 0, stdout: 'found\n' });
  });

  test('kubectl prints a List, one object, or nothing', () => {
    const [a, b] = r.manifests;
    expect(objects.read(live(a, b), [r])).toEqual([{ state: 'asked', live: [a, b] }]);
    expect(objects.read(`asked\n${JSON.stringify(b)}`, [r])).toEqual([{ state: 'asked', live: [null, b] }]);
    expect(objects.read('asked\n', [r])).toEqual([{ state: 'asked', live: [null, null] }]);
    expect(() => objects.read('asked\nerror: boom', [r])).toThrow(/not JSON/);
  });

  test('the same name in another namespace is another object', () => {
    const elsewhere = { ...configMap('a', { x: '1' }), metadata: { name: 'a', namespace: 'default' } };
    expect(objects.read(live(elsewhere), [r])).toEqual([{ state: 'asked', live: [null, null] }]);
  });

  test('what is as wanted needs nothing; a difference is told by object, and needs no more than admin.conf', () => {
    const decide = (output: string) => objects.appear(r, objects.read(output, [r])[0] as never, circumstances);
    const grown = {
      ...configMap('a', { x: '1', more: 'z' }),
      metadata: { name: 'a', namespace: 'kube-system', uid: 'u' },
    };
    expect(decide(live(grown, r.manifests[1]))).toEqual([]);
    expect(decide(live(configMap('a', { x: '3' }), r.manifests[1]))).toEqual([
      { verb: '~', summary: 'apply CoreDNS: 2 objects', because: ['ConfigMap a data.x: "3" -> "1"'] },
    ]);
    expect(decide(live(r.manifests[0]))[0]).toMatchObject({ verb: '~', because: ['ConfigMap b is not there'] });
    expect(decide('asked\n')[0]).toMatchObject({ verb: '+' });
  });

  test('an administrator by hand stays in stdin', () => {
    for (const secret of [undefined, KUBECONFIG]) {
      const script = objects.make(r, actionOf(r, { secret }));
      expectShell(script);
      for (const word of poison) expect(script).not.toContain(word);
      expect(script.includes('--kubeconfig=/etc/kubernetes/admin.conf')).toBe(secret === undefined);
    }
    expectShell(objects.ask([r]));
  });
});

describe('a node', () => {
  const r: NodeResource = {
    kind: 'node',
    name: 'w-1',
    labels: { zone: 'a' },
    annotations: {},
    taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }],
  };
  const said = (over: object): string => `node ${Buffer.from(JSON.stringify(over)).toString('base64')}\n`;
  const decide = (output: string) => node.appear(r, node.read(output, [r])[0] as NodeAnswer, circumstances);

  test('somebody else’s labels and taints are left alone', () => {
    const live = {
      metadata: {
        labels: { zone: 'a', other: 'b' },
        annotations: { 'provision/marks': 'label:zone taint:gpu:NoSchedule' },
      },
      spec: {
        taints: [
          { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' },
          { key: 'gpu', value: 'yes', effect: 'NoSchedule' },
        ],
      },
    };
    expect(decide(said(live))).toEqual([]);
  });
  test('what is missing is set by the leader', () => {
    expect(decide(said({ metadata: {}, spec: {} }))).toEqual([
      {
        verb: '~',
        summary: 'label and taint node w-1',
        because: ['label zone=a', 'taint gpu=yes:NoSchedule', 'what came from the inventory is not written down there'],
        via: 'leader',
      },
    ]);
    expect(decide('unreachable the node has not joined yet\n')).toMatchObject([
      { because: ['the node has not joined yet'] },
    ]);
    expect(decide('node \n')).toMatchObject([{ because: ['the node has not registered yet'] }]);
  });
  test('a node of which nothing is asked needs nothing, joined or not', () => {
    const blank = { ...r, labels: {}, taints: [] };
    expect(node.appear(blank, { state: 'unreachable', why: 'x' }, circumstances)).toEqual([]);
  });
  test('what the inventory says no longer goes again, and with the last of it the note of it', () => {
    const live = {
      metadata: {
        labels: { zone: 'a', disk: 'ssd', other: 'b' },
        annotations: { 'provision/marks': 'label:zone label:disk taint:gpu:NoSchedule taint:slow:NoExecute' },
      },
      spec: { taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] },
    };
    const gone = ['label disk is no longer in the inventory', 'taint slow:NoExecute is no longer in the inventory'];
    expect(decide(said(live))[0]?.because).toEqual(gone);
    const blank = { ...r, labels: {}, taints: [] };
    const [answer] = node.read(said(live), [blank]);
    expect(node.appear(blank, answer as NodeAnswer, circumstances)[0]?.because).toHaveLength(4);
    expect(node.make(blank, actionOf(blank, {}))).toContain("api annotate node 'w-1' 'provision/marks-'");
    const [bare] = node.read(said({ metadata: {}, spec: {} }), [blank]);
    expect(node.appear(blank, bare as NodeAnswer, circumstances)).toEqual([]);
  });
  test('the shell takes off exactly what is no longer wanted', () => {
    const kubectl = `api() { case "$*" in *jsonpath*) echo label:zone label:disk taint:gpu:NoSchedule taint:slow:NoExecute ;; *) echo "did $*" ;; esac; }`;
    const script = node.make(r, actionOf(r, {})).replace(/^api\(\).*$/m, kubectl);
    const { stdout } = spawnSync('sh', ['-s'], { input: `set -eu\n${ACTION_PRELUDE}\n${script}`, encoding: 'utf8' });
    expect(stdout.split('\n').filter((line) => line.endsWith('-'))).toEqual([
      'did label node w-1 disk-',
      'did taint node w-1 slow:NoExecute-',
    ]);
  });
  test('silence is no answer', () => expect(() => node.read('', [r])).toThrow(/nobody could say/));
  test('hostile values are words', () => {
    const odd = { ...r, labels: { a: `$(reboot) '"` } };
    expectShell(node.make(odd, actionOf(odd, {})));
    expectShell(node.ask([r]));
    expect(node.make(odd, actionOf(odd, {}))).toContain(`'a=$(reboot) '\\''"'`);
  });
});

describe("a kubelet's identity", () => {
  const unit = { kind: 'unit', name: 'kubelet.service', state: 'started', stamp: 'abc', within: 60 } as const;
  const worker: KubeletIdentityResource = {
    kind: 'kubelet-identity',
    node: 'w-1',
    server: 'https://[fd00::1]:6443',
    caHash: `sha256:${'0'.repeat(64)}`,
    ownApi: null,
    unit,
  };
  const alone = {
    ...worker,
    node: 'cp-1',
    ownApi: { server: 'https://10.0.0.1:6443', groundwork: [configMap('g', {})], meanwhile: [['pull', "it's"]] },
  };
  const good: KubeletIdentityAnswer = { kubeconfig: true, subject: 'CN=system:node:w-1,O=system:nodes', valid: true };
  const decide = (answer: KubeletIdentityAnswer) => kubeletIdentity.appear(worker, answer, circumstances);

  test.each([
    ['kubeconfig yes\nsubject CN=system:node:w-1,O=system:nodes\nvalid yes\n.\n', good],
    ['kubeconfig no\n.\n', { kubeconfig: false, subject: null, valid: false }],
    ['kubeconfig no\nsubject CN=x\nvalid no\n.\n', { kubeconfig: false, subject: 'CN=x', valid: false }],
  ])('%j', (output, answer) => expect(kubeletIdentity.read(output, [worker])).toEqual([answer]));
  test('what a cut join left in the API goes, whether or not there is something to join', () => {
    const [answer] = kubeletIdentity.read(
      'kubeconfig yes\nsubject CN=system:node:cp-1,O=system:nodes\nvalid yes\nstray abc123\n.\n',
      [alone],
    );
    expect(answer?.strays).toEqual(['abc123']);
    const [sweep, ...others] = kubeletIdentity.appear(alone, answer as never, circumstances);
    expect(others).toEqual([]);
    expect(sweep).toMatchObject({ verb: '-', summary: 'delete the bootstrap token abc123' });
    const script = kubeletIdentity.make(alone, actionOf(alone, sweep ?? {}));
    expect(script).toContain("api delete secret -n kube-system 'bootstrap-token-abc123' --ignore-not-found");
    expectShell(script);
    const both = kubeletIdentity.appear(
      alone,
      { ...(answer as never as KubeletIdentityAnswer), subject: null },
      circumstances,
    );
    expect(both.map((draft) => draft.part)).toEqual(['sweep abc123', 'alone']);
  });
  test('only a control plane can see them', () => {
    expect(kubeletIdentity.ask([worker])).not.toContain('provision/join');
    expect(kubeletIdentity.ask([alone])).toContain('-l provision/join');
    expectShell(kubeletIdentity.ask([alone]));
  });
  test('silence is no answer', () => expect(() => kubeletIdentity.read('', [worker])).toThrow(/nobody could say/));

  test('a certificate that is right, in either order of its subject, needs no token', () => {
    expect(decide(good)).toEqual([]);
    expect(decide({ ...good, subject: 'O=system:nodes,CN=system:node:w-1' })).toEqual([]);
  });
  test.each([
    ['none', { ...good, subject: null }, 'no client certificate'],
    ['expired or of another CA', { ...good, valid: false }, 'another CA'],
    ['of another node', { ...good, subject: 'CN=system:node:w-10,O=system:nodes' }, 'w-10'],
    ['of no node', { ...good, subject: 'CN=system:node:w-1,O=other' }, 'other'],
    ['without a kubeconfig', { ...good, kubeconfig: false }, 'kubelet.conf'],
  ])('a certificate %s is joined anew', (_, answer, why) => {
    expect(
      decide(answer)
        .find((d) => d.part === 'join')
        ?.because.join(),
    ).toContain(why);
  });

  test('a worker: token by the leader, join by itself, token away by the leader; one token for the three', () => {
    const drafts = decide({ kubeconfig: false, subject: null, valid: false });
    expect(drafts.map((d) => [d.part, d.via])).toEqual([
      ['admit', 'leader'],
      ['join', undefined],
      ['dismiss', 'leader'],
    ]);
    expect(new Set(drafts.map((d) => d.secret?.reveal())).size).toBe(1);
  });
  test('a control plane joins by itself', () => {
    const drafts = kubeletIdentity.appear(alone, { kubeconfig: false, subject: null, valid: false }, circumstances);
    expect(drafts.map((d) => [d.part, d.via])).toEqual([['alone', undefined]]);
    const script = kubeletIdentity.make(alone, actionOf(alone, drafts[0] ?? {}));
    const order = [
      'api get --raw /readyz',
      // Beside what follows, and whatever becomes of them.
      `(timeout 300 'pull' 'it'\\''s' || :) </dev/null >/dev/null 2>&1 &`,
      "systemctl restart 'kubelet.service'",
      'wait_for 180 has_identity',
      "api get node 'cp-1' >/dev/null 2>&1 || systemctl restart 'kubelet.service'",
    ].map((words) => script.indexOf(words));
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order).not.toContain(-1);
  });

  test('the shell parses, and no secret is in it but on stdin', () => {
    const blank = { kubeconfig: false, subject: null, valid: false };
    for (const r of [worker, alone]) {
      expectShell(kubeletIdentity.ask([r]));
      for (const draft of kubeletIdentity.appear(r, blank, circumstances)) {
        const script = kubeletIdentity.make(r, actionOf(r, draft));
        expectShell(script);
        for (const word of poison) expect(script).not.toContain(word);
      }
    }
    const entry = {
      key: 'k',
      kind: 'kubelet-identity',
      order: 0,
      former: null,
      resource: kubeletIdentity.ledger?.remember(worker),
    } as const;
    expectShell(kubeletIdentity.ledger?.unmake(entry) ?? 'if');
  });

  test('the CA is held to the pin before the token is written', () => {
    const [, join] = decide({ kubeconfig: false, subject: null, valid: false });
    const script = kubeletIdentity.make(worker, actionOf(worker, join ?? {}));
    const order = [
      `expect_pin /etc/kubernetes/pki/ca.crt`,
      'expect_pin "the CA that',
      '--cacert',
      'bootstrap-kubelet.conf 0600',
      'start_unit',
    ];
    const places = order.map((word) => script.indexOf(word));
    expect(places.every((place) => place >= 0)).toBe(true);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  // Run by a real sh, with the pin's own words cut out of the script.
  test('expect_pin stops on a wrong hash and names both', () => {
    const script = kubeletIdentity.make(worker, actionOf(worker, decide({ ...good, subject: null })[1] ?? {}));
    const words = /pin_of\(\) [\s\S]*?\n}\n/.exec(script)?.[0] ?? '';
    const run = (found: string) =>
      spawnSync('sh', [], {
        input: `say() { printf '%s\\n' "$*"; }\n${words}expect_pin 'the CA' ${found} sha256:aa; echo on`,
        encoding: 'utf8',
      });
    expect(run('sha256:aa').stdout).toBe('on\n');
    const wrong = run('sha256:bb');
    expect([wrong.status, wrong.stdout]).toEqual([
      1,
      expect.stringMatching(/nothing was sent[\s\S]*sha256:aa[\s\S]*sha256:bb/),
    ]);
  });
});
