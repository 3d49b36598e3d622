/**
 * Fingerprints of the keys that publishers sign with. Each was read at the place named beside it; a key that another one is served
 * for is refused on the host. A mirror that signs itself says so in the inventory (`mirrors.keys`).
 */
export const keys = {
  // https://docs.docker.com/engine/install/centos/: "verify that the fingerprint matches 060A 61C5 …".
  dockerRpm: ['060A61C51B558A7F742B77AAC52FEB6B621E9F35'],
  // https://docs.docker.com/engine/install/ubuntu/ (its older text): "9DC8 5822 9FC7 …".
  dockerDeb: ['9DC858229FC7DD38854AE2D88D81803C0EBFCD88'],
  // isv:kubernetes, the key of every pkgs.k8s.io/core:/stable:/v1.N: Release.key and repomd.xml.key.
  kubernetes: ['DE15B14486CD377B9E876E1A234654DA9A296436'],
  /**
   * packages.cloud.google.com/yum/doc/{yum-key,rpm-package-key}.gpg, as Google rotated them while it published Kubernetes
   * (yum's own "Importing GPG key" of 2018 to 2023).
   */
  kubernetesLegacy: [
    'D0BC747FD8CAF7117500D6FA3746C208A7317B0F',
    '54A647F9048D5688D7DA2ABE6A030B21BA07F4FB',
    '59FE0256827269DC81578F928B57C5C2836F4BEB',
    '7F92E05B31093BEF5A3C2D38FEEA9169307EA071',
    'A362B822F6DEDC652817EA46B53DC80D13EDEF05',
    '3749E1BA95A86CE054546ED2F09C394C3E1BA8D5',
  ],
  // https://www.centos.org/keys/
  centos7: ['6341AB2753D78A78A7C27BB124C6A8A7F4A80EB5'],
  centos: ['99DB70FAE1D7CE227FB6488205B555B38483C65D'],
  // https://rockylinux.org/resources/gpg-key-info
  rocky8: ['7051C470A929F454CEBE37B715AF5DAC6D745A60'],
  rocky9: ['21CB256AE16FC54C6E652949702D426D350D275D'],
  rocky10: ['FC226859C0860BF0DDB95B085B106C736FEDFC85'],
  // https://almalinux.org/security/#gpg-keys; 8 has an expired key and its successor in one file.
  almalinux8: ['5E9B8F5617B5066CE92057C3488FCF7C3ABB34F8', 'BC5EDDCADF502C077F1582882AE81E8ACED7258B'],
  almalinux9: ['BF18AC2876178908D6E71267D36CB86CB86B3716'],
  // https://dl.fedoraproject.org/pub/epel/RPM-GPG-KEY-EPEL-{7,8,9,10}
  epel7: ['91E97D7C4A5E96F17F3E888F6A2FAEA2352C64E5'],
  epel8: ['94E279EB8D8F25B21810ADF121EA45AB2F86D6A1'],
  epel9: ['FF8AD1344597106ECE813B918A3872BF3228467C'],
  epel10: ['7D8D15CBFC4E62688591FB2633D98517E37ED158'],
  // https://elrepo.org: the key of 2009 for what was published before 2025, and its successor.
  elrepo: ['96C0104F631547311E0BB1AE309BC305BAADAE52'],
  elrepo2: ['B8A755874DA240C9DAC4E71551600989EAA31D4A'],
} as const satisfies Readonly<Record<string, readonly string[]>>;
