import { describe, expect, test } from '@jest/globals';
import { families, familyById, findFamily } from '../../../src/family/index.js';
import type { MachineFacts } from '../../../src/model/index.js';

const os = (id: string, version: string, like = ''): MachineFacts['os'] => ({
  id,
  version,
  like: like.split(' ').filter((kin) => kin !== ''),
  name: '',
});

describe('the family of a system', () => {
  test.each<[string, string, string, MachineFacts['packageManager'], string, string]>([
    ['centos', '7', 'rhel fedora', 'yum', 'el7', 'member'],
    ['centos', '8', 'rhel fedora', 'dnf', 'el8', 'member'],
    ['centos', '9', 'rhel fedora', 'dnf', 'el9', 'member'],
    ['centos', '10', 'rhel fedora', 'dnf', 'el10', 'member'],
    ['rhel', '7.9', 'fedora', 'yum', 'el7', 'member'],
    ['rocky', '8.10', 'rhel centos fedora', 'dnf', 'el8', 'member'],
    ['almalinux', '9.4', 'rhel centos fedora', 'dnf', 'el9', 'member'],
    ['rhel', '10.0', 'centos fedora', 'dnf', 'el10', 'member'],
    ['rhel', '11.0', 'centos fedora', 'dnf', 'el10', 'member'],
    ['debian', '11', '', 'apt', 'debian', 'member'],
    ['debian', '13', '', 'apt', 'debian', 'member'],
    ['debian', '', '', 'apt', 'debian', 'member'],
    ['ubuntu', '22.04', 'debian', 'apt', 'ubuntu', 'member'],
    ['ubuntu', '24.04', 'debian', 'apt', 'ubuntu', 'member'],
    ['openEuler', '22.03', '', 'dnf', 'openeuler', 'kin'],
    ['kylin', 'V10', '', 'dnf', 'openeuler', 'kin'],
    ['kylin', 'V10', 'debian', 'apt', 'debian', 'kin'],
    ['anolis', '7.9', 'rhel fedora centos', 'yum', 'el7', 'kin'],
    ['anolis', '8.8', 'rhel fedora centos', 'dnf', 'el8', 'kin'],
    ['anolis', '23', 'rhel fedora centos', 'dnf', 'el9', 'kin'],
    ['circle', '8.9', 'rhel centos fedora', 'dnf', 'el8', 'kin'],
    ['amzn', '2023', 'fedora', 'dnf', 'el9', 'kin'],
    ['linuxmint', '21', 'ubuntu debian', 'apt', 'ubuntu', 'kin'],
    ['centos', '6', 'rhel fedora', 'yum', 'el7', 'old'],
    ['debian', '10', '', 'apt', 'debian', 'old'],
    ['ubuntu', '20.04', 'debian', 'apt', 'ubuntu', 'old'],
    ['opensuse-leap', '15.5', 'suse opensuse', 'none', 'debian', 'stranger'],
    ['fedora', '40', '', 'dnf', 'el9', 'stranger'],
    ['', '', '', 'none', 'debian', 'stranger'],
  ])('%s %s (like %j, %s) is %s, a %s', (id, version, like, packageManager, family, fit) => {
    expect(findFamily(os(id, version, like), packageManager)).toEqual({ family, fit });
    expect(familyById(family).id).toBe(family);
  });
});

describe('the rows', () => {
  test('Enterprise Linux 10 gets the modules that its images leave out, and no older one asks for a package that it has not', () => {
    const bringing = families.filter(({ packages }) => packages.includes('kernel-modules-extra'));
    expect(bringing.map(({ id }) => id)).toEqual(['el10']);
  });

  test('an id is one row; an unknown one is a bug of ours', () => {
    expect(new Set(families.map(({ id }) => id)).size).toBe(families.length);
    expect(() => familyById('suse')).toThrow('no such family');
  });
  test.each(families.map((family) => [family.id, family] as const))('%s has what kubeadm asks for', (_id, family) => {
    // FileExisting-* of kubeadm, as packages: each is brought by one of these names.
    for (const alternatives of [
      ['iproute', 'iproute2'],
      ['iptables', 'iptables-nft'],
      ['ebtables', 'iptables-ebtables', 'iptables-nft'],
      ['conntrack', 'conntrack-tools'],
      ['ethtool'],
      ['socat'],
      ['util-linux'],
    ]) {
      expect(alternatives.filter((name) => family.packages.includes(name))).not.toEqual([]);
    }
    expect(new Set(family.packages).size).toBe(family.packages.length);
    expect(family.packageManager === 'apt').toBe(family.repositories === 'apt');
  });
});
