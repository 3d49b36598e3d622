import { createHash } from 'node:crypto';
import type { ControlPlaneTraits, ExtraArgs, ProbePaths } from '../model/index.js';

// The shape that kubeadm gives every control plane pod. Source: kubernetes v1.36.3, cmd/kubeadm/app/util/staticpod/utils.go; other
// releases: src/release/traits.ts.

/** Sorted by name, the operator's beating ours, as kubeadm writes them. */
export function flags(ours: Readonly<Record<string, string>>, extra: ExtraArgs): readonly string[] {
  return Object.entries({ ...ours, ...extra })
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `--${name}=${value}`);
}

export interface Mount {
  readonly name: string;
  readonly path: string;
  readonly readOnly: boolean;
  readonly type: 'DirectoryOrCreate' | 'FileOrCreate';
}

interface PodInput {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly annotations: Readonly<Record<string, string>> | null;
  readonly port: number;
  readonly probes: ProbePaths & { readonly host: string; readonly scheme: 'HTTP' | 'HTTPS' };
  readonly shape: ControlPlaneTraits['pod'];
  readonly requests: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
}

/** Says which configuration a pod runs from: the runtime keeps it with the pod, so the host can be asked. */
export const CONFIG = 'provision/config';

export interface Pod {
  readonly metadata: { readonly name: string; readonly annotations: Readonly<Record<string, string>> };
  readonly [field: string]: unknown;
}

export function pod(input: PodInput): Pod {
  const shape = shapeOf(input);
  const config = createHash('sha256').update(JSON.stringify(shape)).digest('hex');
  return { ...shape, metadata: { ...shape.metadata, annotations: { ...input.annotations, [CONFIG]: config } } };
}

function shapeOf(input: PodInput) {
  const { shape } = input;
  const mounts = [...input.mounts].sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: input.name,
      namespace: 'kube-system',
      ...(input.annotations === null ? {} : { annotations: input.annotations }),
      labels: { component: input.name, tier: 'control-plane' },
    },
    spec: {
      hostNetwork: true,
      ...(shape.priority === null ? {} : { priority: shape.priority }),
      priorityClassName: shape.priorityClass,
      ...(shape.seccomp ? { securityContext: { seccompProfile: { type: 'RuntimeDefault' } } } : {}),
      containers: [
        {
          name: input.name,
          image: input.image,
          imagePullPolicy: 'IfNotPresent',
          command: input.command,
          ...(shape.probePort ? { ports: [{ name: PROBE_PORT, containerPort: input.port, protocol: 'TCP' }] } : {}),
          ...probes(input),
          resources: { requests: input.requests },
          volumeMounts: mounts.map(({ name, path, readOnly }) => ({
            name,
            mountPath: path,
            ...(readOnly ? { readOnly } : {}),
          })),
        },
      ],
      volumes: mounts.map(({ name, path, type }) => ({ name, hostPath: { path, type } })),
    },
  };
}

const PROBE_PORT = 'probe-port';

/** Four minutes to come up; the same numbers as kubeadm's util/staticpod. */
function probes({ probes: asked, shape, port }: PodInput): Record<string, unknown> {
  const { host, scheme, liveness, readiness, startup } = asked;
  const ask = (path: string) => ({
    httpGet: { host, path, port: shape.probePort ? PROBE_PORT : port, scheme },
    timeoutSeconds: 15,
  });
  return {
    ...(startup === null
      ? {}
      : { startupProbe: { ...ask(startup), initialDelaySeconds: 10, periodSeconds: 10, failureThreshold: 24 } }),
    livenessProbe: {
      ...ask(liveness),
      initialDelaySeconds: shape.livenessDelay,
      periodSeconds: 10,
      failureThreshold: 8,
    },
    ...(readiness === null ? {} : { readinessProbe: { ...ask(readiness), periodSeconds: 1, failureThreshold: 3 } }),
  };
}
