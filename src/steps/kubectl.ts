import { isControlPlane, type Step } from '../model/index.js';
import { render } from '../templates.js';
import { adminKubeconfig } from './trust.js';
import { file } from './words.js';

/** Only where a control plane's admin.conf lies already: no further host learns the administrator's key. */
export const kubectlUsers: Step = {
  id: 'kubectl-users',
  title: 'Let people use kubectl',
  on: (node) => isControlPlane(node) && node.system.kubectlUsers.length > 0,
  desire: (scene) => [
    ...scene.node.system.kubectlUsers.map((user) => ({
      kind: 'user-file' as const,
      user,
      path: '.kube/config',
      mode: 0o600,
      content: adminKubeconfig(scene),
    })),
    // For everybody: bash-completion reads this folder in all its versions, from EL7's 2.1 on.
    file('/etc/bash_completion.d/kubectl', render('bash/kubectl', {})),
  ],
};
