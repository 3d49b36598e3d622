import type { Action, KubeletIdentityResource } from '../model/index.js';
import { ProvisionError, Secret } from '../model/index.js';
import type { Draft, Kind } from './kind.js';
import { bootstrapTokenManifest } from './kubectl.js';
import { ADMIN_CONF, APPLY_WORD, apiWord, listOf, privateFile } from './kubectl-words.js';
import { word, words } from './shell.js';
import { STAMP_DIR } from './unit.js';

export interface KubeletIdentityAnswer {
  readonly kubeconfig: boolean;
  /** Subject in RFC 2253 form; null: there is no certificate. */
  readonly subject: string | null;
  /** Signed by /etc/kubernetes/pki/ca.crt and not expired. */
  readonly valid: boolean;
  /** Ids of bootstrap tokens that joins left in the API because they were cut; a control plane sees them. */
  readonly strays?: readonly string[];
}

/** Minutes that a token lives; it is deleted as soon as the certificate is there. */
const TOKEN_MINUTES = 15;
/** Seconds. kubeadm waits 4 minutes for the control plane and 5 for TLS bootstrap. */
const API_WITHIN = 300;
const CERTIFICATE_WITHIN = 180;
const MEANWHILE_WITHIN = 300;

const PEM = '/var/lib/kubelet/pki/kubelet-client-current.pem';
const CONF = '/etc/kubernetes/kubelet.conf';
const BOOTSTRAP_CONF = '/etc/kubernetes/bootstrap-kubelet.conf';
const CA = '/etc/kubernetes/pki/ca.crt';
/** On the tokens of joins, which live no longer than their run; those of `token create` are the operator's. */
const JOIN_LABEL = 'provision/join';

/** The kubelet's client certificate, got by TLS bootstrap. It renews itself. */
export const kubeletIdentity: Kind<KubeletIdentityResource, KubeletIdentityAnswer> = {
  kind: 'kubelet-identity',
  name: (r) => r.node,

  ask: (rs) =>
    rs
      .map(
        (r) => `
if [ -f ${CONF} ]; then echo 'kubeconfig yes'; else echo 'kubeconfig no'; fi
if [ -e ${PEM} ]; then
  have openssl || { echo 'openssl is needed to look at the certificate of the kubelet' >&2; exit 1; }
  subject=$(openssl x509 -in ${PEM} -noout -subject -nameopt RFC2253 2>/dev/null) || subject='subject=unreadable'
  printf 'subject %s\\n' "$(printf %s "$subject" | sed 's/^subject= *//')"
  if openssl verify -CAfile ${CA} ${PEM} >/dev/null 2>&1; then echo 'valid yes'; else echo 'valid no'; fi
fi
${r.ownApi === null ? '' : STRAYS}
echo .`,
      )
      .join('\n'),

  read(output, rs) {
    const parts = output.split(/^\.$/m);
    return rs.map((r, i) => {
      const part = parts[i] ?? '';
      const one = (tag: string): string | null => new RegExp(`^${tag} (.*)$`, 'm').exec(part)?.[1] ?? null;
      const kubeconfig = one('kubeconfig');
      if (kubeconfig === null) {
        throw new ProvisionError('FACTS', `nobody could say whether the kubelet of ${r.node} has a certificate`, {
          said: output,
        });
      }
      const strays = [...part.matchAll(/^stray (\S+)$/gm)].map(([, id = '']) => id);
      return {
        kubeconfig: kubeconfig === 'yes',
        subject: one('subject'),
        valid: one('valid') === 'yes',
        ...(strays.length === 0 ? {} : { strays }),
      };
    });
  },

  appear(r, answer, circumstances) {
    const sweeping = (answer.strays ?? []).map(
      (id): Draft => ({
        verb: '-',
        summary: `delete the bootstrap token ${id}`,
        because: ['a join that was cut left it behind'],
        part: `${SWEEP}${id}`,
      }),
    );
    const because = lacks(r, answer);
    if (because.length === 0) return sweeping;
    const { id, secret } = circumstances.newToken();
    const token = `${id}.${secret.reveal()}`;
    if (r.ownApi !== null) {
      const kubeconfig = circumstances.superAdminKubeconfig().reveal();
      const both = new Secret(JSON.stringify({ token, kubeconfig }));
      return [
        ...sweeping,
        { verb: '!', summary: `join ${r.node} through its own API server`, because, part: 'alone', secret: both },
      ];
    }
    const draft = (part: string, summary: string, why: readonly string[], via?: 'leader'): Draft => ({
      verb: '!',
      summary,
      because: why,
      part,
      secret: new Secret(token),
      ...(via === undefined ? {} : { via }),
    });
    return [
      draft('admit', `make a bootstrap token for ${r.node}`, [`lives ${TOKEN_MINUTES} minutes at most`], 'leader'),
      draft('join', `join ${r.node} to ${r.server}`, because),
      draft('dismiss', `delete the bootstrap token of ${r.node}`, ['used'], 'leader'),
    ];
  },

  satisfied: (r) => ({ kubeconfig: true, subject: `CN=system:node:${r.node},O=system:nodes`, valid: true }),

  make(r, action) {
    switch (action.part) {
      case 'alone':
        return joinAlone(r, action);
      case 'admit':
        return `${apiWord(ADMIN_CONF)}\n${APPLY_WORD}\n${tokenSecret(revealed(action), r.node)}`;
      case 'join':
        return joinThroughLeader(r, action);
      case 'dismiss':
        return `${apiWord(ADMIN_CONF)}\n${dismissal(idOf(revealed(action)))}`;
      default:
        if (action.part?.startsWith(SWEEP))
          return `${apiWord(ADMIN_CONF)}\n${dismissal(action.part.slice(SWEEP.length))}`;
        throw new ProvisionError('INTERNAL', `a kubelet's identity has no part ${action.part}`);
    }
  },

  // It starts the kubelet before the unit is asked for: a run that is cut between the two must still be taken back whole.
  ledger: {
    byResetOnly: true,
    remember: (r) => ({ unit: r.unit.name }),
    vanish: () => ({
      verb: '-',
      summary: 'stop the kubelet and forget its identity',
      because: ['provision joined it'],
    }),
    unmake(entry) {
      const { unit } = entry.resource as { readonly unit: string };
      return `! unit_known ${word(unit)} || { stop_unit ${words([unit, 60])}; systemctl disable --quiet -- ${word(unit)}; }
rm -f -- ${word(`${STAMP_DIR}/${unit}`)} /var/lib/kubelet/pki/kubelet-client-* ${CONF} ${BOOTSTRAP_CONF}
forget_dir ${STAMP_DIR}`;
    },
  },
};

const SWEEP = 'sweep ';

/** An API that does not answer has its own line in the plan; its tokens end by themselves. */
const STRAYS = `${apiWord(ADMIN_CONF)}
if [ -f ${ADMIN_CONF} ] && have kubectl && tokens=$(api get secrets -n kube-system -l ${JOIN_LABEL} -o name 2>/dev/null); then
  printf '%s\\n' "$tokens" | sed -n 's|^secret/bootstrap-token-|stray |p'
fi`;

function lacks(r: KubeletIdentityResource, answer: KubeletIdentityAnswer): readonly string[] {
  if (answer.subject === null) return ['the kubelet has no client certificate'];
  const wanted = [`CN=system:node:${r.node}`, 'O=system:nodes'];
  const has = answer.subject.split(/[,+]/).map((part) => part.trim());
  return [
    ...(answer.valid ? [] : ['its client certificate is expired or of another CA']),
    ...(wanted.every((part) => has.includes(part)) ? [] : [`its client certificate is for ${answer.subject}`]),
    ...(answer.kubeconfig ? [] : [`${CONF} is not there`]),
  ];
}

function revealed({ secret }: Action): string {
  if (secret === undefined) throw new ProvisionError('INTERNAL', 'a join was planned without a token');
  return secret.reveal();
}

const idOf = (token: string): string => token.slice(0, token.indexOf('.'));

/** Good for this one join; the expiry is the leader's own clock's, which is the one that judges it. */
function tokenSecret(token: string, node: string): string {
  const [id = '', secret = ''] = token.split('.');
  const manifest = bootstrapTokenManifest({
    id,
    secret: new Secret(secret),
    expires: '@EXPIRATION@',
    description: `join of ${node} by provision`,
    usages: ['authentication'],
    labels: { [JOIN_LABEL]: '' },
  });
  return `${privateFile('token.json', listOf([manifest]))}sed -i "s/@EXPIRATION@/$(date -u -d '+${TOKEN_MINUTES} minutes' +%Y-%m-%dT%H:%M:%SZ)/" "$PROVISION_TMP/token.json"
apply_objects "$PROVISION_TMP/token.json"
rm -f -- "$PROVISION_TMP/token.json"`;
}

const dismissal = (id: string): string =>
  `api delete secret -n kube-system ${word(`bootstrap-token-${id}`)} --ignore-not-found`;

/** SHA-256 over the SubjectPublicKeyInfo of the certificate on stdin, as `kubeadm join` pins it. */
const PIN_WORD = `
pin_of() { openssl x509 -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum | sed 's/^/sha256:/; s/ .*//'; }
expect_pin() { # WHAT PIN-FOUND PIN-WANTED
  [ "$2" = "$3" ] || { say "$1 is not the CA of this cluster: nothing was sent to it"; say "  expected $3"; say "  found    $2"; exit 1; }
}`;

/** The CA is held to the pin before a byte of the token leaves for anywhere. */
const checkOwnCa = (r: KubeletIdentityResource): string => `expect_pin ${CA} "$(pin_of <${CA})" ${word(r.caHash)}`;

/** What the API server says about its CA (unverified), against the pin; then the connection itself, against that CA. */
const checkServer = (r: KubeletIdentityResource): string => `
info=${word(`${r.server}/api/v1/namespaces/kube-public/configmaps/cluster-info`)}
fetched() { curl -sSf --max-time 10 --insecure "$info" -o "$PROVISION_TMP/cluster-info"; }
wait_for 60 fetched || { say "no cluster-info from "${word(r.server)}; fetched || true; exit 1; }
grep -o 'certificate-authority-data: [A-Za-z0-9+/=]*' "$PROVISION_TMP/cluster-info" | head -n 1 | cut -d' ' -f2 | base64 -d >"$PROVISION_TMP/served-ca.crt"
expect_pin "the CA that ${r.server.replaceAll(/[^A-Za-z0-9:/.[\]-]/g, '')} names" "$(pin_of <"$PROVISION_TMP/served-ca.crt")" ${word(r.caHash)}
curl -sSf --max-time 10 --cacert "$PROVISION_TMP/served-ca.crt" "$info" -o /dev/null || { say "the API server's certificate is not of the CA that it names"; exit 1; }`;

/** kubelet.conf or a certificate that is no longer right would be taken for good until it expires. */
const writeBootstrapConf = (r: KubeletIdentityResource, token: string): string => `
rm -f -- /var/lib/kubelet/pki/kubelet-client-* ${CONF}
${privateFile('bootstrap.conf', bootstrapConf(r, token))}sed "s|@CA@|$(base64 -w0 <${CA})|" "$PROVISION_TMP/bootstrap.conf" | install_file ${BOOTSTRAP_CONF} 0600
rm -f -- "$PROVISION_TMP/bootstrap.conf"`;

const bootstrapConf = (r: KubeletIdentityResource, token: string): string =>
  `${JSON.stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'bootstrap', cluster: { server: r.server, 'certificate-authority-data': '@CA@' } }],
      contexts: [{ name: 'bootstrap', context: { cluster: 'bootstrap', user: 'kubelet-bootstrap' } }],
      'current-context': 'bootstrap',
      users: [{ name: 'kubelet-bootstrap', user: { token } }],
    },
    null,
    2,
  )}\n`;

/** Afresh, whatever ran before; with the stamp that its unit wants, so that the unit has nothing left to do. */
const startKubelet = ({ unit }: KubeletIdentityResource): string => `
systemctl stop ${word(unit.name)} 2>/dev/null || :
start_unit ${words([unit.name, unit.stamp, unit.within])}`;

const awaitCertificate = (r: KubeletIdentityResource): string => `
has_identity() { [ -s ${PEM} ] && [ -s ${CONF} ]; }
wait_for ${CERTIFICATE_WITHIN} has_identity || {
  say "the kubelet of "${word(r.node)}" got no client certificate within ${CERTIFICATE_WITHIN} s; its last words:"
  journalctl -u kubelet.service --no-pager -n 15 -o cat 2>/dev/null || true
  exit 1
}
rm -f -- ${BOOTSTRAP_CONF}`;

function joinThroughLeader(r: KubeletIdentityResource, action: Action): string {
  return [
    PIN_WORD,
    checkOwnCa(r),
    checkServer(r),
    writeBootstrapConf(r, revealed(action)),
    startKubelet(r),
    awaitCertificate(r),
  ].join('\n');
}

/** Beside everything else. For an image that is still on its way when the kubelet asks for it, the runtime waits. */
const meanwhile = (commands: readonly (readonly string[])[]): string =>
  commands.length === 0
    ? ''
    : `(${commands.map((command) => `timeout ${MEANWHILE_WITHIN} ${words(command)} || :`).join('; ')}) </dev/null >/dev/null 2>&1 &`;

/**
 * A control plane's kubelet: started with the token before there is an API that knows it, it runs the static pods while its request
 * for a certificate is refused; then the token goes into the API that it has just started. The restarts spare its back-offs.
 */
function joinAlone(r: KubeletIdentityResource, action: Action): string {
  const { token, kubeconfig } = JSON.parse(revealed(action)) as { readonly token: string; readonly kubeconfig: string };
  const own = r.ownApi;
  if (own === null) throw new ProvisionError('INTERNAL', `${r.node} has no API server of its own`);
  return [
    PIN_WORD,
    checkOwnCa(r),
    writeBootstrapConf({ ...r, server: own.server }, token),
    startKubelet(r),
    privateFile('super-admin.conf', kubeconfig),
    apiWord('"$PROVISION_TMP/super-admin.conf"', word(own.server)),
    APPLY_WORD,
    // Any answer will do; a kubectl five times a second would take the processor from what it waits for.
    `listens() { curl -sS --max-time 5 -o /dev/null --cacert ${CA} ${word(own.server)}; }
wait_for ${API_WITHIN} listens || :
wait_for ${API_WITHIN} api get --raw /readyz || {
  say "the API server of "${word(r.node)}" did not get ready within ${API_WITHIN} s; its containers:"
  if have docker && [ -S /run/docker.sock ]; then docker ps -a 2>&1; else crictl ps -a 2>&1; fi | head -n 20
  journalctl -u kubelet.service --no-pager -n 10 -o cat 2>/dev/null || true
  exit 1
}`,
    `${privateFile('groundwork.json', listOf(own.groundwork))}apply_objects "$PROVISION_TMP/groundwork.json"`,
    tokenSecret(token, r.node),
    meanwhile(own.meanwhile),
    `systemctl restart ${word(r.unit.name)}`,
    awaitCertificate(r),
    // So is its registration, which it tries again after up to 7 s (pkg/kubelet/kubelet_node_status.go, registerWithAPIServer).
    `api get node ${word(r.node)} >/dev/null 2>&1 || systemctl restart ${word(r.unit.name)}`,
    dismissal(idOf(token)),
    'rm -f -- "$PROVISION_TMP/super-admin.conf"',
  ].join('\n');
}
