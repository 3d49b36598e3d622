/** The lab that scenarios share; another name keeps two runs on one machine apart. */
export const LAB = process.env['PROVISION_TEST_LAB'] ?? 'ci';

/** A lab that one scenario has to itself. */
export const ownLabName = (suffix: string): string => `${LAB}-${suffix}`;
