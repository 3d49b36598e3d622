import { describe, expect, test } from '@jest/globals';
import { labNetwork } from '../../../src/lab/hosts/network.js';
import { chooseVms, vmFiles } from '../../../src/lab/hosts/vm.js';
import { hostsOf, type LabRecord } from '../../../src/lab/record.js';

describe('which hosts of a lab are virtual machines', () => {
  const none = { hosts: 0, vms: [] };
  const two = { hosts: 2, vms: ['h2'] };

  test.each([
    ['not asked for, none', 2, undefined, true, none, []],
    ['all of a new lab', 2, true, true, none, ['h1', 'h2']],
    ['one of a new lab, by name', 3, ['h3'], true, none, ['h3']],
    ['later, those that are new', 4, true, false, two, ['h2', 'h3', 'h4']],
    ['one that is one stays one', 2, ['h2'], false, two, ['h2']],
    ['one that is one stays one when it is made afresh', 2, undefined, ['h2'], two, ['h2']],
    ['a container that is thrown away', 2, ['h1'], ['h1'], two, ['h1', 'h2']],
  ] as const)('%s', (_, hosts, wish, fresh, former, vms) => {
    expect(chooseVms(hosts, wish, fresh, former)).toEqual(vms);
  });

  test('a container that is there does not turn into one', () => {
    expect(() => chooseVms(2, ['h1'], false, two)).toThrow(/h1 is there, and is a container/);
  });

  test('a host that the lab has not is named, with those it has', () => {
    expect(() => chooseVms(2, ['h3'], true, none)).toThrow(
      expect.objectContaining({ code: 'USAGE', hint: expect.stringContaining('h1, h2') }),
    );
  });

  test('the record says it of each host', () => {
    const record: LabRecord = {
      ...{
        name: 'lab',
        network: labNetwork('lab', 0),
        like: 'debian12',
        release: '1.36',
        root: '/r',
        checkout: '/c',
        disks: '/d',
      },
      ...{ hosts: 2, vms: ['h2'], mirror: false },
    };
    expect(hostsOf(record).map(({ name, vm }) => [name, vm])).toEqual([
      ['h1', false],
      ['h2', true],
    ]);
  });
});

test('a virtual machine has its address by its own network service, and no first process of the lab', () => {
  const identity = {
    ...{
      name: 'h1',
      machineId: '0'.repeat(32),
      hostKey: { private: 'PRIVATE', public: 'PUBLIC' },
      clientKey: 'CLIENT',
    },
    ...{ gateway: '10.201.0.1', mirror: [], packages: 'deb' as const },
  };
  const files = new Map(
    vmFiles(identity, { address: '10.201.0.11', prefix: 24, mac: '02:50:4c:00:00:01' }).map((f) => [f.path, f.content]),
  );
  expect(files.get('/etc/systemd/network/10-lab.network')).toMatch(
    /MACAddress=02:50:4c:00:00:01\n\n\[Network\]\nAddress=10\.201\.0\.11\/24\nGateway=10\.201\.0\.1\n/,
  );
  expect(files.get('/etc/hostname')).toBe('h1\n');
  expect([...files.keys()].filter((path) => path.startsWith('/usr/lib/lab'))).toEqual([]);
});
