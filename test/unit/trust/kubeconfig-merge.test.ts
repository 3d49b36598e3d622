import { describe, expect, test } from '@jest/globals';
import { mergeKubeconfig } from '../../../src/trust/index.js';

const config = (name: string, server: string): string => `apiVersion: v1
kind: Config
clusters:
- name: ${name}
  cluster: {server: "${server}"}
users:
- name: admin-${name}
  user: {}
contexts:
- name: admin@${name}
  context: {cluster: ${name}, user: admin-${name}}
current-context: admin@${name}
`;

describe('mergeKubeconfig', () => {
  test('keeps what is there, with its comments, and makes the new context current', () => {
    const merged = mergeKubeconfig(`# mine\n${config('old', 'https://a')}`, config('new', 'https://b'));
    expect(merged).toContain('# mine');
    expect(merged).toContain('https://a');
    expect(merged).toContain('https://b');
    expect(merged).toContain('current-context: admin@new');
  });

  test('an entry of the same name is replaced, not doubled', () => {
    const merged = mergeKubeconfig(config('lab', 'https://a'), config('lab', 'https://b'));
    expect(merged).not.toContain('https://a');
    expect(merged.match(/name: lab$/gm)).toHaveLength(1);
  });

  test('something that is no kubeconfig is refused, not overwritten', () => {
    expect(() => mergeKubeconfig('- a\n- b\n', config('lab', 'https://b'))).toThrow('cannot be read');
  });
});
