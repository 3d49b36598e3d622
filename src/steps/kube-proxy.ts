import { createHash } from 'node:crypto';
import type { KubernetesObject, Scene, Step } from '../model/index.js';
import { bareYaml } from '../templates.js';
import { configMap } from './cluster-objects.js';
import { CONFIG } from './pod.js';
import { bindCluster, serviceAccount } from './rbac.js';
import { httpsUrl, merge } from './words.js';

// The same objects as kubeadm's addon. Source: kubernetes v1.36.3, cmd/kubeadm/app/phases/addons/proxy/manifests.go.

const NAMESPACE = 'kube-system';
const TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount';

export const kubeProxy: Step = {
  id: 'kube-proxy',
  title: 'Run kube-proxy on every node',
  on: (node, _, leader) => node.name === leader,
  desire: (scene) => {
    const config = proxyConfig(scene);
    return [
      {
        kind: 'objects',
        name: 'kube-proxy',
        manifests: [
          { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'kube-proxy', namespace: NAMESPACE } },
          bindCluster('kubeadm:node-proxier', 'system:node-proxier', serviceAccount('kube-proxy', NAMESPACE)),
          config,
          daemonSet(scene, digest(JSON.stringify(config['data']))),
        ],
      },
    ];
  },
};

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

function proxyConfig({ cluster }: Scene): KubernetesObject {
  const settings = merge(
    {
      apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
      kind: 'KubeProxyConfiguration',
      bindAddress: cluster.network.podCidr.includes(':') ? '::' : '0.0.0.0',
      clientConnection: { kubeconfig: '/var/lib/kube-proxy/kubeconfig.conf' },
      clusterCIDR: cluster.network.podCidr,
      mode: cluster.proxyMode,
    },
    cluster.components.kubeProxy,
  );
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'default',
        cluster: {
          'certificate-authority': `${TOKEN}/ca.crt`,
          server: httpsUrl(cluster.endpoint.host, cluster.endpoint.port),
        },
      },
    ],
    contexts: [{ name: 'default', context: { cluster: 'default', namespace: 'default', user: 'default' } }],
    'current-context': 'default',
    users: [{ name: 'default', user: { tokenFile: `${TOKEN}/token` } }],
  };
  return configMap(
    'kube-proxy',
    NAMESPACE,
    { 'config.conf': bareYaml(settings), 'kubeconfig.conf': bareYaml(kubeconfig) },
    { labels: { app: 'kube-proxy' } },
  );
}

function daemonSet({ release }: Scene, config: string): KubernetesObject {
  const labels = { 'k8s-app': 'kube-proxy' };
  const mount = (name: string, mountPath: string, readOnly = false) => ({
    name,
    mountPath,
    ...(readOnly ? { readOnly } : {}),
  });
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'kube-proxy', namespace: NAMESPACE, labels },
    spec: {
      selector: { matchLabels: labels },
      updateStrategy: { type: 'RollingUpdate' },
      template: {
        // kube-proxy reads its configuration once: another one must be another pod.
        metadata: { labels, annotations: { [CONFIG]: config } },
        spec: {
          priorityClassName: 'system-node-critical',
          hostNetwork: true,
          serviceAccountName: 'kube-proxy',
          nodeSelector: { 'kubernetes.io/os': 'linux' },
          tolerations: [{ operator: 'Exists' }],
          containers: [
            {
              name: 'kube-proxy',
              image: release.images['kube-proxy'],
              imagePullPolicy: 'IfNotPresent',
              command: [
                '/usr/local/bin/kube-proxy',
                '--config=/var/lib/kube-proxy/config.conf',
                '--hostname-override=$(NODE_NAME)',
              ],
              env: [{ name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }],
              securityContext: { privileged: true },
              volumeMounts: [
                mount('kube-proxy', '/var/lib/kube-proxy'),
                mount('xtables-lock', '/run/xtables.lock'),
                mount('lib-modules', '/lib/modules', true),
              ],
            },
          ],
          volumes: [
            { name: 'kube-proxy', configMap: { name: 'kube-proxy' } },
            { name: 'xtables-lock', hostPath: { path: '/run/xtables.lock', type: 'FileOrCreate' } },
            { name: 'lib-modules', hostPath: { path: '/lib/modules' } },
          ],
        },
      },
    },
  };
}
