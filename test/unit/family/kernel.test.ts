import { expect, test } from '@jest/globals';
import { kernelPackage } from '../../../src/family/index.js';

test.each([
  ['debian', '6.1.0-40-amd64', 'linux-image-amd64'],
  ['debian', '6.1.0-40-cloud-amd64', 'linux-image-cloud-amd64'],
  ['debian', '6.1.0-40-rt-amd64', 'linux-image-rt-amd64'],
  ['debian', '6.18.5-lab', 'linux-image-amd64'],
  ['ubuntu', '6.8.0-60-generic', 'linux-image-generic'],
  ['ubuntu', '6.8.0-1030-aws', 'linux-image-aws'],
  ['ubuntu', '6.18.5', 'linux-image-generic'],
  ['el7', '3.10.0-1160.119.1.el7.x86_64', 'kernel'],
  ['el9', '5.14.0-503.el9.x86_64', 'kernel'],
  ['openeuler', '5.10.0-60.oe2203.x86_64', 'kernel'],
])('the newest kernel of %s that runs %s is in %s', (family, kernel, expected) => {
  expect(kernelPackage({ family, kernel, arch: 'amd64' })).toBe(expected);
});
